"""What `smacs bank` shows: progress on stderr, tables on stdout."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from smacs.store.evaluate import EvaluationSummary
from smacs.store.stats import Row


@contextmanager
def evaluation_progress() -> Iterator[Callable[[EvaluationSummary], None]]:
    """A bar for each LLM: how far, how fast, accuracy so far, tokens, time left."""
    tasks: dict[str, TaskID] = {}
    with _bar(TextColumn("{task.fields[said]}")) as bar:

        def show(summary: EvaluationSummary) -> None:
            if summary.llm not in tasks:
                start = summary.done - summary.asked
                tasks[summary.llm] = bar.add_task(escape(summary.llm), total=summary.total, completed=start, said="")
            bar.update(tasks[summary.llm], completed=summary.done, said=_said(summary))

        yield show


@contextmanager
def index_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar that counts embedded questions."""
    with _bar() as bar:
        task = bar.add_task("embedding", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def statistics(rows: Sequence[Row]) -> None:
    """The table of `smacs bank stats`, on stdout."""
    table = Table("", box=SIMPLE_HEAD)
    for header in ("accuracy %", "95 % interval", "evaluated", "tokens", "seconds"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        if row.dataset is None:
            table.add_section()
            table.add_row(escape(row.llm), *_numbers(row), style="bold")
        else:
            table.add_row(f"  {escape(row.dataset) or '-'}", *_numbers(row))
    Console(highlight=False).print(table)


def failures(summaries: Sequence[EvaluationSummary]) -> None:
    """How many questions stay without a grade, and why, on stderr."""
    console = Console(stderr=True, highlight=False)
    for summary in summaries:
        kinds = Counter(failure.kind for failure in summary.failures)
        for kind, count in kinds.most_common():
            example = min((f for f in summary.failures if f.kind == kind), key=lambda failure: failure.question)
            text = f"{summary.llm}: {count} {kind}, such as question {example.question!r}: {example.message}"
            console.print(escape(text), style="yellow", soft_wrap=True)
    console.print("They are no wrong answers: run the same command again to ask them again.", style="yellow")


def _bar(*columns: TextColumn) -> Progress:
    console = Console(stderr=True)
    name = TextColumn("[progress.description]{task.description}")
    return Progress(name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), *columns, console=console)


def _said(summary: EvaluationSummary) -> str:
    rate = 60 * summary.asked / summary.seconds if summary.seconds else 0.0
    accuracy = f"{100 * summary.correct / summary.done:.1f} % correct" if summary.done else "nothing graded"
    failed = f", {len(summary.failures)} failed" if summary.failures else ""
    return f"{accuracy}, {rate:.0f}/min, {summary.tokens:,} tokens{failed}"


def _numbers(row: Row) -> tuple[str, ...]:
    evaluated = f"{row.evaluated}/{row.questions}"
    if row.accuracy is None or row.low is None or row.high is None:
        return "-", "-", evaluated, "-", "-"
    interval = f"{100 * row.low:.1f} - {100 * row.high:.1f}"
    return f"{100 * row.accuracy:.1f}", interval, evaluated, f"{row.tokens:.0f}", f"{row.seconds:.1f}"
