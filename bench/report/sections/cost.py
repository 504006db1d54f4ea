"""What a question costs with each system."""

from smacs.bench.report.charts.cost import scatter
from smacs.bench.report.model import Cost, Report
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import Cell, Section, Sheet
from smacs.bench.report.text import cell

TEXT = (
    "Means a question, with 95 % bootstrap intervals. Seconds: until the answer, the slowest of the calls made side "
    "by side in each step, summed; LLM-seconds: all calls together. A reply that another system of the run had asked "
    "for already counts as if it had been asked again.",
)


def section(report: Report) -> Section:
    """Accuracy against tokens, and the table, the cheapest first."""
    rows = sorted(report.costs, key=lambda cost: cost.tokens.value)
    chart = scatter([cost for cost in rows if cost.group != "variant"])
    marked = [at for at, cost in enumerate(rows) if cost.spec == REFERENCE]
    headers = [
        "system",
        "calls",
        "prompt tokens",
        "completion tokens",
        "tokens",
        "seconds",
        "LLM-seconds",
        "accuracy, %",
    ]
    sheet = Sheet("Calls, tokens and seconds a question", headers, [_row(cost) for cost in rows], marked)
    return Section("cost", "Cost", TEXT, [chart], [sheet])


def _row(cost: Cost) -> list[Cell]:
    tokens = [cell(interval, digits=0) for interval in (cost.prompt_tokens, cost.completion_tokens, cost.tokens)]
    seconds = [cell(interval) for interval in (cost.seconds, cost.llm_seconds)]
    return [Cell(cost.title), cell(cost.calls), *tokens, *seconds, cell(cost.accuracy)]
