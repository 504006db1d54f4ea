"""Figures as text."""

from smacs.bench.report.figures import Cell as Measured
from smacs.bench.report.figures import Difference, Interval
from smacs.bench.report.sheet import Cell

NONE = "–"


def cell(interval: Interval | None, *more: str, digits: int = 1) -> Cell:
    """The figure with its interval beneath it."""
    if interval is None:
        return Cell(NONE, [text for text in more if text])
    ends = f"[{number(interval.low, digits)}, {number(interval.high, digits)}]"
    return Cell(number(interval.value, digits), [ends, *(text for text in more if text)])


def accuracy(measured: Measured, *more: str) -> Cell:
    """Accuracy, interval, difference, number of questions, and the paper's."""
    count = f"n = {measured.questions:,}"
    if measured.questions < measured.of:
        count += f" of {measured.of:,}"
    found = measured.difference
    lines = [f"Δ {gain(found)}", f"{p_value(found.p)}, {count}"] if found else [count]
    if found and found.questions < measured.questions:
        lines.append(f"Δ over {found.questions:,}")
    made = cell(measured.accuracy, *lines, *more)
    return Cell(made.text, made.small, "" if measured.paper is None else f"{measured.paper:.1f}")


def gain(found: Difference) -> str:
    """Such as `−3.0 [−8.1, +2.0]`."""
    return f"{signed(found.value)} [{signed(found.low)}, {signed(found.high)}]"


def p_value(p: float) -> str:
    """Such as `p = 0.042`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def percent(interval: Interval | None) -> str:
    """Such as `62.0 % [55.1, 68.4]`."""
    if interval is None:
        return NONE
    return f"{interval.value:.1f} % [{interval.low:.1f}, {interval.high:.1f}]"


def number(value: float, digits: int = 1) -> str:
    """With a thousands separator and a true minus sign; a zero has no sign."""
    return f"{value + 0.0:,.{digits}f}".replace("-", "−")


def signed(value: float) -> str:
    """With its sign, `+0.0` for zero."""
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")
