"""Fig. 3: accuracy of SMACS by the size of the pool."""

from collections.abc import Sequence

from smacs.bench.report import paper
from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import GRID, MAIN, RC, Chart, chart, hide_frame
from smacs.bench.report.model import Report, Scaling, System
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import Cell, Section, Sheet, accuracy_cell, needs

WIDTH, HEIGHT = 440, 320
TITLE = "Fig. 3: pool size"
TEXT = (
    "SMACS with parts of the pool, mean accuracy over the benchmarks. A larger pool differs from a smaller one in "
    "which LLMs it has, too.",
)


def scaling(run: RunArrays, systems: Sequence[System]) -> list[Scaling]:
    """SMACS with pools of at least two sizes, the smallest first."""
    found = []
    rows = {row.spec: row for row in systems}
    for name, spec in run.specs.items():
        if spec.system == REFERENCE and not spec.settings:
            llms, row = list(spec.pool or run.info.pool.llms), rows[name]
            found.append(Scaling(spec=name, size=len(llms), llms=llms, mean=row.mean, cells=row.cells))
    sizes = {point.size for point in found}
    return sorted(found, key=lambda point: point.size) if len(sizes) > 1 else []


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
        hide_frame(axes)
        words = "; ".join(f"{size} LLMs {share.value:.1f} %" for size, share in known)
        return chart(figure, "sizes", title, f"{title}: {words}")


def section(report: Report) -> Section:
    """Accuracy by the number of LLMs."""
    points = report.scaling
    lacking = needs(report, "scaling", bool(points))
    if not points:
        return Section("scaling", TITLE, needs=lacking)
    rows = [
        [
            Cell(str(point.size), [", ".join(point.llms)]),
            accuracy_cell(point.mean),
            *map(accuracy_cell, point.cells.values()),
        ]
        for point in points
    ]
    sheet = Sheet("Accuracy by pool", ["LLMs", "mean", *report.benchmarks.values()], rows)
    return Section("scaling", TITLE, TEXT, [sizes(points)], [sheet, _printed()], lacking)


def _printed() -> Sheet:
    rows = [[Cell(str(size)), Cell("", paper=f"about {share:.0f}")] for size, share in paper.POOL_SIZE.items()]
    return Sheet("The paper's own fig. 3, MMLU-Pro, read off its plot", ["LLMs", "accuracy, %"], rows, folded=True)
