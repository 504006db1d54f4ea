"""What came out, in a few sentences that follow from the numbers."""

from collections.abc import Iterator, Sequence

from smacs.bench.report.model import Group, Report, System
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import gain, p_value, percent

LEVEL = 0.05


def headline(report: Report) -> list[str]:
    """SMACS against the best other system and the best single LLM; also by question where benchmarks differ in size."""
    own = next((row for row in report.systems if row.spec == REFERENCE), None)
    if own is None:
        return [f"The run has no {REFERENCE}, so nothing is compared with it."]
    over = ", ".join(report.benchmarks.values())
    right, count = percent(own.mean.accuracy), f"{own.mean.questions:,}"
    first = f"SMACS is right on {right} of {count} questions ({over}; each benchmark counts the same)."
    return [first, *_others(report), *_together(report.systems, own)]


def _others(report: Report) -> Iterator[str]:
    groups: tuple[tuple[Group, str], ...] = (("system", "other system"), ("llm", "single LLM"))
    for group, name in groups:
        best = _best(report.systems, group)
        if best:
            yield f"Best {name}: {best.title}, {percent(best.mean.accuracy)}{_verdict(best)}"


def _best(rows: Sequence[System], group: Group) -> System | None:
    found = [row for row in rows if row.group == group and row.spec != REFERENCE and row.mean.accuracy]
    return max(found, key=lambda row: row.mean.accuracy.value if row.mean.accuracy else 0.0, default=None)


def _together(rows: Sequence[System], own: System) -> Iterator[str]:
    """A mean over benchmarks may hide what most questions say."""
    others = [row for row in rows if row.group != "variant" and row is not own and row.pooled.accuracy]
    sizes = {cell.questions for cell in own.cells.values()}
    best = max(others, key=lambda row: row.pooled.accuracy.value if row.pooled.accuracy else 0.0, default=None)
    if len(sizes) < 2 or best is None or best.pooled.difference is None:
        return
    found = best.pooled.difference
    yield (
        f"Each question counted the same: SMACS {percent(own.pooled.accuracy)}; best of the others {best.title}, "
        f"{percent(best.pooled.accuracy)}, {gain(found)} points against SMACS, {p_value(found.p)} without correction."
    )


def _verdict(row: System) -> str:
    """Whether the difference to SMACS is more than chance explains, after the correction."""
    found = row.mean.difference
    if found is None:
        return "."
    p = found.p if found.adjusted is None else found.adjusted
    what = f"{gain(found)} points against SMACS, {p_value(p)} after Holm's correction"
    if p >= LEVEL:
        return f"; {what}: the run does not show which is better."
    return f"; {what}: {'better' if found.value > 0 else 'worse'} than SMACS."
