"""Shares as a heat map: a row for each benchmark, a column for each data set."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from smacs.bench.report.charts.svg import INK, MAIN, RC, Chart, chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL, ROW, LETTER = 52, 30, 7.2
DEEPEST = 0.65  # opacity of 100 %: the figure on it stays legible


def heat(
    name: str, title: str, rows: Sequence[str], columns: Sequence[str], shares: Sequence[Sequence[float]]
) -> Chart:
    """The chart of shares in %."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    left, slope = (LETTER * max(map(len, names)) for names in (rows, columns))
    left, top, right = left + 12, 0.7 * slope + 24, 0.7 * slope  # column names stand at 45 degrees
    width, height = left + CELL * len(columns) + right, top + ROW * len(rows) + 8
    with rc_context(RC):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        axes = figure.add_axes((left / width, 8 / height, CELL * len(columns) / width, ROW * len(rows) / height))
        _frame(axes, rows, columns)
        for y, values in enumerate(shares):
            for x, share in enumerate(values):
                _cell(axes, x, y, share)
        return chart(figure, name, title, f"{title}: {_words(rows, columns, shares)}")


def _frame(axes: "Axes", rows: Sequence[str], columns: Sequence[str]) -> None:
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.xaxis.tick_top()
    axes.set_xticks([x + 0.5 for x in range(len(columns))], columns, rotation=45, ha="left")
    axes.set_yticks([y + 0.5 for y in range(len(rows))], rows)
    axes.tick_params(length=0, labelcolor=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _cell(axes: "Axes", x: int, y: int, share: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x + 0.02, y + 0.04), 0.96, 0.92, facecolor=MAIN, alpha=DEEPEST * share / 100))
    axes.text(x + 0.5, y + 0.5, f"{share:.0f}", ha="center", va="center")


def _words(rows: Sequence[str], columns: Sequence[str], shares: Sequence[Sequence[float]]) -> str:
    parts = []
    for row, values in zip(rows, shares, strict=True):
        largest = sorted(zip(values, columns, strict=True), reverse=True)[:3]
        parts.append(f"{row} mostly from {', '.join(f'{column} {share:.0f} %' for share, column in largest)}")
    return "; ".join(parts)
