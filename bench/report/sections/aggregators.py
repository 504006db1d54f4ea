"""Fig. 6: the aggregator."""

from smacs.bench.report.charts.dots import Dot, dots
from smacs.bench.report.charts.svg import MAIN, PLAIN
from smacs.bench.report.model import Report
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import cell

TITLE = "Fig. 6: choice of the aggregator"
TEXT = ("SMACS with other aggregators; blue is the pool's own.",)


def section(report: Report) -> Section:
    """Each aggregator on the mean and on each benchmark."""
    points = report.aggregators
    lacking = needs(report, "aggregators", bool(points))
    if not points:
        return Section("aggregators", TITLE, needs=lacking)
    groups = {"": "mean", **report.benchmarks}
    made: list[Dot] = []
    for group, title in groups.items():
        mine = [point for point in points if point.group == group and point.share]
        made += [Dot(title), *(Dot(p.name, p.share, MAIN if p.spec == REFERENCE else PLAIN) for p in mine)]
    names = list(dict.fromkeys(point.name for point in points))
    rows = [
        [Cell(title), *(cell(p.share, f"n = {p.questions:,}") for p in points if p.group == group)]
        for group, title in groups.items()
    ]
    chart = dots("aggregators", "Accuracy by aggregator", made)
    sheet = Sheet("The same as a table", ["benchmark", *names], rows, folded=True)
    return Section("aggregators", TITLE, TEXT, [chart], [sheet], lacking)
