"""Fig. 4: from which data sets of the bank the support of a benchmark's questions comes."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import INK, MAIN, RC, Chart, chart, hide_frame
from smacs.bench.report.model import Report, Support
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import Cell, Section, Sheet, needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL, ROW, LETTER = 52, 30, 7.2
DEEPEST = 0.65  # opacity of 100 %: the figure on it stays legible
TITLE = "Fig. 4: where the support comes from"
TEXT = (
    "Of the bank questions that SMACS found similar to a benchmark's questions, the mean share in % of each data set.",
)


def support(run: RunArrays) -> list[Support]:
    """Mean shares in %, a row for each benchmark; the data sets of all rows are the same, the largest first."""
    found = [(name, *_shares(run, code)) for code, name in enumerate(run.benchmarks)]
    total: Counter[str] = Counter()
    for _, _, shares in found:
        total.update(shares)
    order = [name for name, _ in total.most_common()]
    return [
        Support(benchmark=name, questions=count, shares={data: shares[data] for data in order})
        for name, count, shares in found
        if count
    ]


def _shares(run: RunArrays, code: int) -> tuple[int, Counter[str]]:
    """How many questions of a benchmark have a support, and its mean shares."""
    lines = [line for line, at in zip(run.lines.get(REFERENCE, []), run.benchmark, strict=False) if line and at == code]
    supported = [line.support for line in lines if line.support]
    sums: Counter[str] = Counter()
    for shares in supported:
        sums.update(shares)
    return len(supported), Counter({name: 100 * sums[name] / len(supported) for name in sums})


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
    hide_frame(axes)


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
