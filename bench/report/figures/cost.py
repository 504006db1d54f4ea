"""What a question costs with each system: calls, tokens, seconds; accuracy against tokens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.metrics import intervals
from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import GRID, INK, MAIN, PLAIN, RC, SECOND, Chart, chart, hide_frame
from smacs.bench.report.model import Cost, Interval, Report, System
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import Cell, Section, Sheet, cell
from smacs.bench.run.records import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

MEASURES = ("calls", "prompt_tokens", "completion_tokens", "tokens", "seconds", "llm_seconds")
Floats = npt.NDArray[np.float64]
WIDTH, HEIGHT = 480, 420
PLACES = (  # of a label beside its point: shift in pixels, alignments; the first that is free is taken
    (8, 0, "left", "center"),
    (-8, 0, "right", "center"),
    (6, 7, "left", "bottom"),
    (6, -7, "left", "top"),
    (-6, 7, "right", "bottom"),
    (-6, -7, "right", "top"),
    (8, 20, "left", "bottom"),
    (8, -20, "left", "top"),
    (-8, 20, "right", "bottom"),
    (-8, -20, "right", "top"),
)
TEXT = (
    "Means a question, with 95 % bootstrap intervals. Seconds: until the answer, the slowest of the calls made side "
    "by side in each step, summed; LLM-seconds: all calls together. A reply that another system of the run had asked "
    "for already counts as if it had been asked again.",
)


def costs(run: RunArrays, systems: Sequence[System]) -> list[Cost]:
    """Means over all questions that a system answered, with bootstrap intervals from the same draws."""
    spent = np.stack([_spent(run.lines[row.spec]) for row in systems], axis=1)  # (Q, S, measures)
    known = ~np.isnan(spent)
    flat = (len(spent), -1)
    ends = intervals(np.nan_to_num(spent).reshape(flat), known.reshape(flat).astype(np.float64), seed=run.info.seed)
    means = np.nanmean(spent, axis=0)
    return [_cost(row, *figures) for row, *figures in zip(systems, means, ends.reshape(*means.shape, 2), strict=True)]


def _cost(row: System, means: Floats, ends: Floats) -> Cost:
    made = zip(MEASURES, means.tolist(), ends.tolist(), strict=True)
    figures = {name: Interval(value, low, high) for name, value, (low, high) in made}
    return Cost(
        spec=row.spec,
        title=row.title,
        group=row.group,
        questions=row.mean.questions,
        accuracy=row.mean.accuracy,
        **figures,
    )


def _spent(lines: Sequence[Outcome | None]) -> Floats:
    """(Q, measures) what each question took, NaN where it was not answered."""
    unknown = (np.nan,) * len(MEASURES)
    return np.array([_measures(line) if line else unknown for line in lines])


def _measures(line: Outcome) -> tuple[float, ...]:
    tokens = line.prompt_tokens + line.completion_tokens
    return line.calls, line.prompt_tokens, line.completion_tokens, tokens, line.seconds, line.llm_seconds


def scatter(costs: Sequence[Cost]) -> Chart:
    """The chart; tokens on a logarithmic scale, which a tenfold cost makes one step."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    title = "Accuracy against tokens a question"
    known = [cost for cost in costs if cost.accuracy and cost.tokens.value > 0]
    words = "; ".join(f"{c.title} {c.accuracy.value:.1f} % for {c.tokens.value:,.0f}" for c in known if c.accuracy)
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        axes = figure.add_axes((0.11, 0.13, 0.84, 0.84))
        _frame(axes, known)
        for cost in known:
            _mark(axes, cost)
        _labels(axes, known)
        return chart(figure, "cost", title, f"{title}: {words}")


def _frame(axes: "Axes", costs: Sequence[Cost]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    tokens = [cost.tokens.value for cost in costs] or [1.0]
    ends = [end for cost in costs if cost.accuracy for end in (cost.accuracy.low, cost.accuracy.high)]
    axes.set_xlim(min(tokens) / 1.6, max(tokens) * 2.2)
    axes.set_ylim(min(ends, default=0) - 3, max(ends, default=100) + 3)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("prompt and completion tokens a question", fontsize=11)
    axes.set_ylabel("accuracy, %", fontsize=11)
    axes.grid(color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0)
    hide_frame(axes)


def _mark(axes: "Axes", cost: Cost) -> None:
    if cost.accuracy is None:
        return
    x, colour = cost.tokens.value, _colour(cost)
    axes.plot([x, x], [cost.accuracy.low, cost.accuracy.high], color=colour, linewidth=1.5, alpha=0.6)
    axes.plot([x], [cost.accuracy.value], "s" if cost.group == "llm" else "o", color=colour, markersize=8)


def _labels(axes: "Axes", costs: Sequence[Cost]) -> None:
    """Each beside its point where it hides no point, interval or label of another, SMACS's first."""
    taken = {cost.spec: _boxes(axes, cost) for cost in costs}
    for cost in sorted(costs, key=lambda c: c.spec != REFERENCE):
        others = [box for spec, boxes in taken.items() for box in boxes if spec != cost.spec]
        taken[cost.spec].append(_label(axes, cost, others))


def _boxes(axes: "Axes", cost: Cost) -> list["Bbox"]:
    """What a point and its interval take, in pixels."""
    from matplotlib.transforms import Bbox

    if cost.accuracy is None:
        return []
    ends = [(cost.tokens.value, value) for value in (cost.accuracy.value, cost.accuracy.low, cost.accuracy.high)]
    (x, y), (_, low), (_, high) = axes.transData.transform(ends)
    return [Bbox.from_extents(x - 5, y - 5, x + 5, y + 5), Bbox.from_extents(x - 1, low, x + 1, high)]


def _label(axes: "Axes", cost: Cost, taken: Sequence["Bbox"]) -> "Bbox":
    accuracy = cost.accuracy.value if cost.accuracy else 0.0
    text = axes.annotate(
        cost.title,
        (cost.tokens.value, accuracy),
        PLACES[0][:2],
        textcoords="offset pixels",
        color=INK,
        weight="bold" if cost.spec == REFERENCE else "normal",
    )
    frame = axes.get_window_extent()
    for x, y, horizontal, vertical in PLACES:
        text.set_position((x, y))
        text.set(ha=horizontal, va=vertical)
        box = text.get_window_extent()
        if frame.x0 <= box.x0 and box.x1 <= frame.x1 and not any(box.overlaps(other) for other in taken):
            break
    return box


def _colour(cost: Cost) -> str:
    return MAIN if cost.spec == REFERENCE else SECOND if cost.group == "llm" else PLAIN


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
