"""Fig. 5: how often at least one candidate is right (OCA) and how often several are (MCA), by what drops references."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.candidates import RIGHT
from smacs.bench.report.charts import MAIN, SECOND, THIRD, Chart, Dot, dots
from smacs.bench.report.model import Point, Report
from smacs.bench.report.names import find
from smacs.bench.report.sheet import Section, Sheet, group_rows, needs
from smacs.bench.report.statistics import share
from smacs.bench.run.spec import DROPS

ONE, SEVERAL = "one right (OCA)", "several right (MCA)"
TITLE = "Fig. 5: diversity of the candidates"
TEXT = (
    "Share of questions with at least one right candidate (OCA) and with at least two (MCA), when references are "
    "dropped by their prior, at random, or not at all. The same questions for all; Wilson's intervals.",
)
COLOURS = dict(zip(DROPS, (MAIN, SECOND, THIRD), strict=True))
MEASURES = {"OCA": ONE, "MCA": SEVERAL}


def diversity(run: RunArrays) -> list[Point]:
    """A point for each benchmark (and for all, group empty), way of dropping and measure; none for fewer than two."""
    found = [(name, spec) for name, text in DROPS.items() if (spec := find(run.specs, text))]
    return list(_points(run, found)) if len(found) > 1 else []


def _points(run: RunArrays, found: list[tuple[str, str]]) -> Iterator[Point]:
    right = np.stack([_right(run, spec) for _, spec in found], axis=1)
    right[np.isnan(right).any(axis=1)] = np.nan  # the same questions for all
    member = [("", np.ones(len(right), bool)), *((n, run.benchmark == c) for c, n in enumerate(run.benchmarks))]
    for group, rows in member:
        for (name, spec), counts in zip(found, right[rows].T, strict=True):
            known = counts[~np.isnan(counts)]
            for measure, least in ((ONE, 1), (SEVERAL, 2)):
                ends = share(float((known >= least).sum()), len(known))
                yield Point(name=f"{name}, {measure}", share=ends, questions=len(known), group=group, spec=spec)


def _right(run: RunArrays, spec: str) -> npt.NDArray[np.float64]:
    """(Q,) number of right candidates, NaN where there are none at all."""
    return np.array(
        [
            sum(c.correct >= RIGHT for c in line.candidates) if line and line.candidates else np.nan
            for line in run.lines[spec]
        ],
        np.float64,
    )


def section(report: Report) -> Section:
    """A chart for each measure, and both in a table."""
    points = report.diversity
    lacking = needs(report, "diversity", bool(points))
    if not points:
        return Section("diversity", TITLE, needs=lacking)
    groups = {"": "all questions", **report.benchmarks} if len(report.benchmarks) > 1 else {"": "all questions"}
    charts = [_chart(short, measure, points, groups) for short, measure in MEASURES.items()]
    headers = ["questions", *dict.fromkeys(point.name for point in points)]
    rows = group_rows(points, groups)
    return Section(
        "diversity", TITLE, TEXT, charts, [Sheet("The same as a table", headers, rows, folded=True)], lacking
    )


def _chart(short: str, measure: str, points: Sequence[Point], groups: dict[str, str]) -> Chart:
    made: list[Dot] = []
    for group, title in groups.items():
        mine = [p for p in points if p.group == group and p.name.endswith(measure) and p.share]
        names = [point.name.removesuffix(f", {measure}") for point in mine]
        made += [Dot(title), *(Dot(name, p.share, COLOURS[name]) for name, p in zip(names, mine, strict=True))]
    return dots(f"diversity-{short.lower()}", f"Questions with {measure}", made, "questions, %")
