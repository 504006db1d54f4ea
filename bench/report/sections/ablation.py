"""Table 2: one part of SMACS after the other."""

from smacs.bench.report.charts.dots import Dot, dots
from smacs.bench.report.charts.svg import MAIN, PLAIN
from smacs.bench.report.model import Report
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import NONE, cell, gain, p_value

TEXT = (
    "Each row has one part more than the row above: mean accuracy over the benchmarks, and the paired difference to "
    "the row above it. A step whose interval holds zero has not been shown to help or to harm.",
)


def section(report: Report) -> Section:
    """The steps that were run."""
    points = report.ablation
    lacking = needs(report, "ablation", bool(points))
    if not points:
        return Section("ablation", "Table 2: ablation", needs=lacking)
    rows = [
        [
            Cell(point.name, [point.spec]),
            cell(point.share, f"n = {point.questions:,}"),
            Cell(gain(point.difference), [p_value(point.difference.p)]) if point.difference else Cell(NONE),
        ]
        for point in points
    ]
    chart = dots("ablation", "Ablation", [Dot(p.name, p.share, MAIN if p is points[-1] else PLAIN) for p in points])
    sheet = Sheet("Table 2", ["system", "accuracy, %", "to the row above, points"], rows)
    return Section("ablation", "Table 2: ablation", TEXT, [chart], [sheet], lacking)
