"""A report as a figure: what each selector and each answer gains over Simple Router, with intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smacs.bench.prior.report import Interval, Report, Row
from smacs.bench.prior.tables import ranked
from smacs.errors import InputError, SmacsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Mark = tuple[float, float]  # y and gain
FORMATS = (".svg", ".png")
# Points below Simple Router, or as many as the best is above it: what is further down is a number at the edge.
FAR = 5.0


def check(path: Path) -> None:
    """Raise InputError for a file name that is no figure's, SmacsError where matplotlib is missing."""
    if path.suffix not in FORMATS:
        raise InputError(f"--figure: expected a file that ends in {' or '.join(FORMATS)}, got {path.name}.")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise SmacsError("--figure needs matplotlib: pip install 'smacs[report]'.") from None


def draw(report: Report, path: Path) -> None:
    """Write the figure; its format is the ending of `path`. Raises InputError, SmacsError."""
    check(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    rows = ranked(report.rows, "rank")[::-1]
    voted = bool(report.rules)
    with rc_context({"svg.hashsalt": "smacs", "font.size": 9}):  # the same report gives the same file
        canvas = Canvas(figsize=(12 if voted else 8, 1.4 + 0.36 * len(rows)), layout="constrained")
        axes = canvas.subplots(1, 4 if voted else 2, sharey=True)
        _panel(axes[0], "rank score (eq. 8)", [row.figures["rank"].gain for row in rows])
        _panel(axes[1], "accuracy of the first LLM", [row.figures["top1"].gain for row in rows])
        if voted:
            _answers(axes[2], f"answer of {report.setup.k} references", "vote", report, rows)
            _answers(axes[3], f"answer of {report.setup.calls:g} calls on average", "stopped", report, rows)
            axes[3].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, title="vote rule")
        axes[0].set_ylim(-0.5, len(rows) - 0.5)
        axes[0].set_yticks(range(len(rows)), [row.selector for row in rows])
        canvas.suptitle("Gain over Simple Router in points, with 95 % intervals")
        canvas.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)


def _panel(axes: "Axes", title: str, gains: Sequence[Interval | None]) -> None:
    _frame(axes, title)
    _cut(axes, _marks(axes, gains, 0.0, ""))


def _answers(axes: "Axes", title: str, metric: str, report: Report, rows: Sequence[Row]) -> None:
    """One series of marks for each vote rule, a little below each other."""
    _frame(axes, title)
    found = {(r.selector, r.rule): r.figures[metric].gain for r in ranked(report.rows, metric)}
    drawn = []
    for i, rule in enumerate(report.rules):
        shift = 0.7 * ((i + 0.5) / len(report.rules) - 0.5)
        drawn += _marks(axes, [found.get((row.selector, rule)) for row in rows], -shift, rule)
    _cut(axes, drawn)


def _frame(axes: "Axes", title: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.grid(axis="x", color="0.9", linewidth=0.6)


def _marks(axes: "Axes", gains: Sequence[Interval | None], shift: float, label: str) -> list[Mark]:
    """Draw one series; where its marks are."""
    at = [(y + shift, gain) for y, gain in enumerate(gains) if gain is not None]
    values = [gain.value for _, gain in at]
    ends = [[gain.value - gain.low for _, gain in at], [gain.high - gain.value for _, gain in at]]
    axes.errorbar(values, [y for y, _ in at], xerr=ends, fmt="o", markersize=3, linewidth=1, label=label)
    return [(y, gain.value) for y, gain in at]


def _cut(axes: "Axes", drawn: Sequence[Mark]) -> None:
    """Let no selector that is far below the others squeeze them."""
    low, high = axes.get_xlim()
    edge = -max(high, FAR)
    if low < edge:
        axes.set_xlim(edge, high)
        for y, value in drawn:
            if value < edge:
                axes.annotate(f"\N{LEFTWARDS ARROW} {value:.1f}", (edge, y), va="center", fontsize=7)
