"""What a page is made of: sections of text, tables and charts, the same for HTML and Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from smacs.bench.report.charts.svg import Chart


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
