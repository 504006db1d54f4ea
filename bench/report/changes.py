"""What aggregation and choice change: the answer of SMACS against its first reference, the one of the highest prior."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from smacs.bench.report.candidates import RIGHT
from smacs.bench.report.compare import Gaps
from smacs.bench.report.figures import Difference
from smacs.bench.report.model import Change
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.read import Run
from smacs.bench.report.share import share
from smacs.bench.run.records import Outcome

Floats = npt.NDArray[np.float64]


def changes(run: Run) -> list[Change]:
    """Of each benchmark, then of all questions (`benchmark` empty); questions without candidates are left out."""
    first = first_right(run.lines[REFERENCE])
    answer = np.where(np.isnan(first), np.nan, run.column(REFERENCE) >= RIGHT)
    gaps = Gaps.between([(answer, first)], run.benchmark, run.info.seed)
    each = [
        _change(name, run.benchmark == code, first, answer, gaps.within(code, 0))
        for code, name in enumerate(run.benchmarks)
    ]
    every = np.ones(len(run.ids), bool)
    return [found for found in [*each, _change("", every, first, answer, gaps.pooled(0))] if found]


def first_right(lines: Sequence[Outcome | None]) -> Floats:
    """(Q,) whether the first reference is right; NaN without candidates."""
    return np.array([np.nan if line is None or line.selected is None else _first(line) for line in lines])


def _first(line: Outcome) -> float:
    return float(bool(line.references) and max(line.references, key=lambda r: r.prior).correct >= RIGHT)


def _change(
    benchmark: str, rows: npt.NDArray[np.bool_], first: Floats, answer: Floats, difference: Difference | None
) -> Change | None:
    known = rows & ~np.isnan(first)
    if difference is None:
        return None
    shares = [share(float(right[known].sum()), int(known.sum())) for right in (first, answer)]
    return Change(benchmark=benchmark, first=shares[0], answer=shares[1], difference=difference)
