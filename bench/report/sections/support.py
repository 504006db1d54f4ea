"""Fig. 4: where the support comes from."""

from smacs.bench.report.charts.heat import heat
from smacs.bench.report.model import Report
from smacs.bench.report.sections.common import needs
from smacs.bench.report.sheet import Cell, Section, Sheet

TITLE = "Fig. 4: where the support comes from"
TEXT = (
    "Of the bank questions that SMACS found similar to a benchmark's questions, the mean share in % of each data set.",
)


def section(report: Report) -> Section:
    """A heat map, and the same as a table."""
    rows = report.support
    lacking = needs(report, "support", bool(rows))
    if not rows:
        return Section("support", TITLE, needs=lacking)
    names = [report.benchmarks[row.benchmark] for row in rows]
    columns = [report.benchmarks.get(name, name) for name in rows[0].shares]
    shares = [list(row.shares.values()) for row in rows]
    chart = heat("support", "Support by data set of the bank", names, columns, shares)
    cells = [
        [Cell(name, [f"n = {row.questions:,}"]), *(Cell(f"{share:.1f}") for share in row.shares.values())]
        for name, row in zip(names, rows, strict=True)
    ]
    sheet = Sheet("The same as a table", ["benchmark", *columns], cells, folded=True)
    return Section("support", TITLE, TEXT, [chart], [sheet], lacking)
