"""Fig. 3: the size of the pool."""

from smacs.bench.report import paper
from smacs.bench.report.charts.sizes import sizes
from smacs.bench.report.model import Report
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import accuracy

TITLE = "Fig. 3: pool size"
TEXT = (
    "SMACS with parts of the pool, mean accuracy over the benchmarks. A larger pool differs from a smaller one in "
    "which LLMs it has, too.",
)


def section(report: Report) -> Section:
    """Accuracy by the number of LLMs."""
    points = report.scaling
    lacking = needs(report, "scaling", bool(points))
    if not points:
        return Section("scaling", TITLE, needs=lacking)
    rows = [
        [Cell(str(point.size), [", ".join(point.llms)]), accuracy(point.mean), *map(accuracy, point.cells.values())]
        for point in points
    ]
    sheet = Sheet("Accuracy by pool", ["LLMs", "mean", *report.benchmarks.values()], rows)
    return Section("scaling", TITLE, TEXT, [sizes(points)], [sheet, _printed()], lacking)


def _printed() -> Sheet:
    rows = [[Cell(str(size)), Cell("", paper=f"about {share:.0f}")] for size, share in paper.POOL_SIZE.items()]
    return Sheet("The paper's own fig. 3, MMLU-Pro, read off its plot", ["LLMs", "accuracy, %"], rows, folded=True)
