"""Shares as dots with their intervals, one row each: name on the left, figure on the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smacs.bench.report.charts.svg import FAINT, GRID, MAIN, PLAIN, RC, Chart, chart
from smacs.bench.report.figures import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, ROW, MARGIN = 440, 24, 26  # in pixels of the SVG
RIGHT = 0.87
LONGEST = 30  # characters of a name
LETTER = 7.2  # pixels of a character at most, on average


@dataclass(frozen=True, slots=True)
class Dot:
    """A row: a figure in %, its colour, and what the paper reports. Without a figure it is the heading of a group."""

    name: str
    share: Interval | None = None
    colour: str = PLAIN
    paper: float | None = None


def dots(name: str, title: str, rows: Sequence[Dot], label: str = "accuracy, %") -> Chart:
    """The chart; the axis covers the intervals."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    height = ROW * len(rows) + 2 * MARGIN
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        left = (LETTER * max((len(_short(row.name)) for row in rows), default=0) + 12) / WIDTH
        axes = figure.add_axes((left, 1.5 * MARGIN / height, RIGHT - left, ROW * len(rows) / height))
        _frame(axes, rows, label)
        for y, row in enumerate(rows):
            axes.text(-left / (RIGHT - left), y, _short(row.name), transform=axes.get_yaxis_transform(), **_style(row))
            _mark(axes, y, row)
        return chart(figure, name, title, f"{title}: {alternative(rows)}")


def alternative(rows: Sequence[Dot]) -> str:
    """The rows in words."""
    parts = [f"{row.name} {row.share.value:.1f} %" if row.share else f"{row.name}:" for row in rows]
    return "; ".join(parts).replace(":;", ":")


def _frame(axes: "Axes", rows: Sequence[Dot], label: str) -> None:
    ends = [end for row in rows if row.share for end in (row.share.low, row.share.high, row.paper or row.share.low)]
    low, high = (max(0, min(ends, default=0) // 10 * 10), min(100, -(-max(ends, default=100) // 10) * 10))
    axes.set_xlim(low, max(high, low + 10))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="x", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.set_xlabel(label, fontsize=11)
    for side in axes.spines.values():
        side.set_visible(False)


def _style(row: Dot) -> dict[str, Any]:
    return {"va": "center", "weight": "bold" if row.share is None or row.colour == MAIN else "normal"}


def _mark(axes: "Axes", y: int, row: Dot) -> None:
    if row.share is None:
        return
    colour = row.colour
    axes.plot([row.share.low, row.share.high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot([row.share.value], [y], "o", color=colour, markersize=8, markeredgecolor="none")
    if row.paper is not None:
        axes.plot([row.paper], [y], "D", markersize=6, markerfacecolor="none", markeredgecolor=FAINT)
    axes.text(1.03, y, f"{row.share.value:.1f}", transform=axes.get_yaxis_transform(), **_style(row))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
