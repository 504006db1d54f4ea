"""Table 1: every system on every benchmark, with intervals and the paired difference to SMACS."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from smacs.bench.report import paper
from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import MAIN, PLAIN, SECOND, Chart, Dot, dots
from smacs.bench.report.model import Accuracy, Difference, Group, Report, System
from smacs.bench.report.names import REFERENCE, group, title
from smacs.bench.report.sheet import Cell, Section, Sheet, accuracy_cell, needs, p_value
from smacs.bench.report.statistics import Gaps, Resampled, accuracy, holm

Floats = npt.NDArray[np.float64]
TEXT = (
    "Accuracy in %, with its 95 % interval: Wilson's on a benchmark, a stratified bootstrap of the mean, in which "
    "every benchmark counts the same. Δ is the paired difference to SMACS in points, over the questions that both "
    "answered, with its interval and p-value: McNemar's exact test on a benchmark and on all questions together, a "
    "stratified permutation test for the mean, there also after Holm's correction for the number of systems. An "
    "answer that could not be read counts as wrong, a system that gave none too."
)
PAPER = (
    f"Figures marked “paper” are the paper's own ({paper.SOURCE}, table 1): other LLMs, a pool of fifteen, whole test "
    "sets; its mean is over eight benchmarks. They are no result of this run."
)


def systems(run: RunArrays) -> list[System]:
    """A row for each system, in the order of the run."""
    drawn = Resampled.of(run.correct, run.benchmark, run.info.seed)
    gaps = Gaps.of(run, [(spec, REFERENCE) for spec in run.names]) if REFERENCE in run.specs else None
    rows = [_system(run, position, drawn, gaps) for position in range(len(run.names))]
    return _adjusted(rows)


def _system(run: RunArrays, position: int, drawn: Resampled, gaps: Gaps | None) -> System:
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


def _with(made: Accuracy, difference: Difference | None, printed: float | None) -> Accuracy:
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


def section(report: Report) -> Section:
    """The chart of the means, the table, and what went wrong."""
    compared = _sorted(report, ("system", "llm"))
    variants = _sorted(report, ("variant",))
    sheets = [_table(report, "Table 1: systems and single LLMs", compared)]
    if variants:
        sheets.append(_table(report, "The same for variants", variants, folded=True))
    sheets += [_wrong(report), _printed()]
    text = (TEXT, PAPER)
    return Section("systems", "Systems", text, [_chart(compared)], sheets, needs(report, "systems", True))


def _sorted(report: Report, groups: Sequence[Group]) -> list[System]:
    rows = [row for row in report.systems if row.group in groups]
    return sorted(rows, key=lambda row: -row.mean.accuracy.value if row.mean.accuracy else 1.0)


def _chart(rows: Sequence[System]) -> Chart:
    made = [Dot(row.title, row.mean.accuracy, _colour(row)) for row in rows if row.mean.accuracy]
    return dots("systems", "Mean accuracy over the benchmarks: SMACS blue, single LLMs orange", made)


def _colour(row: System) -> str:
    return MAIN if row.spec == REFERENCE else SECOND if row.group == "llm" else PLAIN


def _table(report: Report, title: str, rows: Sequence[System], *, folded: bool = False) -> Sheet:
    headers = ["system", "mean", *report.benchmarks.values(), "all questions"]
    marked = [at for at, row in enumerate(rows) if row.spec == REFERENCE]
    return Sheet(title, headers, [_row(report, row) for row in rows], marked, folded)


def _row(report: Report, row: System) -> list[Cell]:
    over = f"{row.benchmarks} of {len(report.benchmarks)} benchmarks" if row.benchmarks < len(report.benchmarks) else ""
    difference = row.mean.difference
    adjusted = f"Holm {p_value(difference.adjusted)}" if difference and difference.adjusted is not None else ""
    name = Cell(row.title, [row.spec] if row.group == "variant" else [])
    cells = [accuracy_cell(row.cells[benchmark]) for benchmark in report.benchmarks]
    return [name, accuracy_cell(row.mean, adjusted, over), *cells, accuracy_cell(row.pooled)]


def _wrong(report: Report) -> Sheet:
    """What counts as wrong without being a wrong answer, and what was answered with a reservation."""
    headers = ["system", "questions", "no answer could be read", "no reply", "degraded", "calls failed"]
    rows = [
        [
            Cell(row.title),
            Cell(f"{row.mean.questions:,}", [f"of {row.mean.of:,}"] if row.mean.questions < row.mean.of else []),
            *(Cell(f"{count:,}") for count in (row.unparsed, row.errors, row.degraded)),
            Cell(f"{row.failed_calls:,}", [f"of {row.calls:,}"]),
        ]
        for row in report.systems
    ]
    return Sheet("Unreadable answers, failures and degraded answers", headers, rows, folded=True)


def _printed() -> Sheet:
    """The paper's own table."""
    singles = [[Cell(name), Cell("", paper=f"{value:.1f}")] for name, value in paper.BEST_SINGLE.items()]
    own = [[Cell(name), Cell("", paper=f"{value:.1f}")] for name, value in paper.AVERAGE.items()]
    longer = [
        [Cell(f"{name}, 32,768 output tokens (table 5)"), Cell("", paper=f"{value:.1f}")]
        for name, value in paper.LONG_OUTPUT.items()
    ]
    rows = [*own, *singles, *longer]
    return Sheet("The paper's own means over its eight benchmarks", ["system", "mean"], rows, folded=True)
