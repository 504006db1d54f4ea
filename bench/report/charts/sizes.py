"""Accuracy against the number of LLMs in the pool."""

from collections.abc import Sequence

from smacs.bench.report.charts.svg import GRID, MAIN, RC, Chart, chart
from smacs.bench.report.model import Scaling

WIDTH, HEIGHT = 440, 320


def sizes(points: Sequence[Scaling]) -> Chart:
    """The chart; sizes are whole numbers."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    title = "Accuracy against the number of LLMs in the pool"
    known = [(point.size, point.mean.accuracy) for point in points if point.mean.accuracy]
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        axes = figure.add_axes((0.11, 0.16, 0.82, 0.8))
        for size, share in known:
            axes.plot([size, size], [share.low, share.high], color=MAIN, linewidth=1.5, alpha=0.6)
            axes.plot([size], [share.value], "o", color=MAIN, markersize=8)
            axes.annotate(f"{share.value:.1f}", (size, share.value), (9, 0), textcoords="offset pixels", va="center")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.12, y=0.1)
        axes.set_xlabel("LLMs in the pool", fontsize=11)
        axes.set_ylabel("accuracy, %", fontsize=11)
        axes.grid(color=GRID, linewidth=1)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        words = "; ".join(f"{size} LLMs {share.value:.1f} %" for size, share in known)
        return chart(figure, "sizes", title, f"{title}: {words}")
