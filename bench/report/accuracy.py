"""Table 1: every system on every benchmark, with intervals and the paired difference to SMACS."""

import msgspec
import numpy as np
import numpy.typing as npt

from smacs.bench.report import paper
from smacs.bench.report.compare import Gaps
from smacs.bench.report.figures import Cell, Difference
from smacs.bench.report.model import System
from smacs.bench.report.names import REFERENCE, group, title
from smacs.bench.report.read import Run
from smacs.bench.report.resample import Resampled
from smacs.bench.report.share import accuracy
from smacs.bench.report.significance import holm

Floats = npt.NDArray[np.float64]


def systems(run: Run) -> list[System]:
    """A row for each system, in the order of the run."""
    drawn = Resampled.of(run.correct, run.benchmark, run.info.seed)
    gaps = Gaps.of(run, [(spec, REFERENCE) for spec in run.names]) if REFERENCE in run.specs else None
    rows = [_system(run, position, drawn, gaps) for position in range(len(run.names))]
    return _adjusted(rows)


def _system(run: Run, position: int, drawn: Resampled, gaps: Gaps | None) -> System:
    spec = run.names[position]
    grades, compared = run.correct[:, position], gaps if spec != REFERENCE else None
    known = [line for line in run.lines[spec] if line]
    printed = paper.BENCHMARKS.get(spec, {})
    cells = {}
    for code, name in enumerate(run.benchmarks):
        difference = compared.within(code, position) if compared else None
        cells[name] = _with(accuracy(grades[run.benchmark == code]), difference, printed.get(name))
    whole = accuracy(grades)
    mean = msgspec.structs.replace(whole, accuracy=drawn.mean(position))
    return System(
        spec=spec,
        title=title(run.specs[spec]),
        group=group(run.specs[spec]),
        cells=cells,
        mean=_with(mean, compared.mean(position) if compared else None, paper.AVERAGE.get(spec)),
        pooled=_with(whole, compared.pooled(position) if compared else None, None),
        benchmarks=int((drawn.counts[:, position] > 0).sum()),
        unparsed=sum(line.answer is None and not line.error for line in known),
        errors=sum(bool(line.error) for line in known),
        degraded=sum(bool(line.degraded) for line in known),
        calls=sum(line.calls for line in known),
        failed_calls=sum(line.failed for line in known),
    )


def _with(made: Cell, difference: Difference | None, printed: float | None) -> Cell:
    return msgspec.structs.replace(made, difference=difference, paper=printed)


def _adjusted(rows: list[System]) -> list[System]:
    """The same with Holm's correction of the mean's p-values, over all rows but SMACS's variants."""
    compared = [row for row in rows if row.group != "variant" and row.mean.difference]
    adjusted = holm([row.mean.difference.p for row in compared if row.mean.difference])
    by_spec = dict(zip((row.spec for row in compared), adjusted, strict=True))
    return [_replaced(row, by_spec[row.spec]) if row.spec in by_spec else row for row in rows]


def _replaced(row: System, adjusted: float) -> System:
    difference = row.mean.difference and msgspec.structs.replace(row.mean.difference, adjusted=adjusted)
    return msgspec.structs.replace(row, mean=msgspec.structs.replace(row.mean, difference=difference))
