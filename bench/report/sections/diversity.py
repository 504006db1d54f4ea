"""Fig. 5: how diverse the candidates are."""

from collections.abc import Sequence

from smacs.bench.report.charts.dots import Dot, dots
from smacs.bench.report.charts.svg import MAIN, SECOND, THIRD, Chart
from smacs.bench.report.diversity import ONE, SEVERAL
from smacs.bench.report.figures import Point
from smacs.bench.report.model import Report
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import cell
from smacs.bench.run.spec import DROPS

TITLE = "Fig. 5: diversity of the candidates"
TEXT = (
    "Share of questions with at least one right candidate (OCA) and with at least two (MCA), when references are "
    "dropped by their prior, at random, or not at all. The same questions for all; Wilson's intervals.",
)
COLOURS = dict(zip(DROPS, (MAIN, SECOND, THIRD), strict=True))
MEASURES = {"OCA": ONE, "MCA": SEVERAL}


def section(report: Report) -> Section:
    """A chart for each measure, and both in a table."""
    points = report.diversity
    lacking = needs(report, "diversity", bool(points))
    if not points:
        return Section("diversity", TITLE, needs=lacking)
    groups = {"": "all questions", **report.benchmarks} if len(report.benchmarks) > 1 else {"": "all questions"}
    charts = [_chart(short, measure, points, groups) for short, measure in MEASURES.items()]
    headers = ["questions", *dict.fromkeys(point.name for point in points)]
    rows = [
        [Cell(title), *(cell(p.share, f"n = {p.questions:,}") for p in points if p.group == group)]
        for group, title in groups.items()
    ]
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
