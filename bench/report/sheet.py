"""What a page is made of, the same for HTML and Markdown: sections of text, tables and charts; figures as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smacs.bench.report.charts import Chart
from smacs.bench.report.model import Accuracy, Difference, Interval, Point, Report

NONE = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its text, smaller lines beneath it, and what the paper reports."""

    text: str
    small: Sequence[str] = ()
    paper: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; the first column is a name, the others are figures. `marked` rows stand out; a folded one is closed at
    first."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    marked: Sequence[int] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; `needs` says what to run where the run lacks something for it."""

    anchor: str
    title: str
    text: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    sheets: Sequence[Sheet] = ()
    needs: str = ""


def cell(interval: Interval | None, *more: str, digits: int = 1) -> Cell:
    """The figure with its interval beneath it."""
    if interval is None:
        return Cell(NONE, [text for text in more if text])
    ends = f"[{number(interval.low, digits)}, {number(interval.high, digits)}]"
    return Cell(number(interval.value, digits), [ends, *(text for text in more if text)])


def accuracy_cell(measured: Accuracy, *more: str) -> Cell:
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


def group_rows(points: Sequence[Point], groups: Mapping[str, str]) -> list[list[Cell]]:
    """A row for each group of points; `groups` are their titles."""
    return [
        [Cell(title), *(cell(p.share, f"n = {p.questions:,}") for p in points if p.group == group)]
        for group, title in groups.items()
    ]


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


def needs(report: Report, part: str, shown: bool) -> str:
    """What to run for a part that is left out, or for what it lacks; empty for a whole one."""
    if part not in report.missing:
        return ""
    lead = "Some of it is left out" if shown else "Left out"
    return f"{lead}: the run lacks systems for it. Run it again with --systems {report.missing[part]} to add them."
