"""Fig. 5: how often at least one candidate is right (OCA) and how often several are (MCA), by what drops references."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from smacs.bench.report.candidates import RIGHT
from smacs.bench.report.figures import Point
from smacs.bench.report.names import find
from smacs.bench.report.read import Run
from smacs.bench.report.share import share
from smacs.bench.run.spec import DROPS

ONE, SEVERAL = "one right (OCA)", "several right (MCA)"


def diversity(run: Run) -> list[Point]:
    """A point for each benchmark (and for all, group empty), way of dropping and measure; none for fewer than two."""
    found = [(name, spec) for name, text in DROPS.items() if (spec := find(run.specs, text))]
    return list(_points(run, found)) if len(found) > 1 else []


def _points(run: Run, found: list[tuple[str, str]]) -> Iterator[Point]:
    right = np.stack([_right(run, spec) for _, spec in found], axis=1)
    right[np.isnan(right).any(axis=1)] = np.nan  # the same questions for all
    member = [("", np.ones(len(right), bool)), *((n, run.benchmark == c) for c, n in enumerate(run.benchmarks))]
    for group, rows in member:
        for (name, spec), counts in zip(found, right[rows].T, strict=True):
            known = counts[~np.isnan(counts)]
            for measure, least in ((ONE, 1), (SEVERAL, 2)):
                ends = share(float((known >= least).sum()), len(known))
                yield Point(name=f"{name}, {measure}", share=ends, questions=len(known), group=group, spec=spec)


def _right(run: Run, spec: str) -> npt.NDArray[np.float64]:
    """(Q,) number of right candidates, NaN where there are none at all."""
    return np.array(
        [
            sum(c.correct >= RIGHT for c in line.candidates) if line and line.candidates else np.nan
            for line in run.lines[spec]
        ],
        np.float64,
    )
