"""What `smacs bench run` shows: a live board on stderr, and the outcome on stdout."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from rich.box import SIMPLE_HEAD
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from smacs.bench.run.runner import BenchRun, SystemTally
from smacs.cli.console import Console, for_tables

LOG_SECONDS = 30.0  # between two reports where stderr is no terminal
SHOWN = 5  # questions without a result that are named

Show = Callable[[Mapping[str, SystemTally]], None]


@contextmanager
def run_progress() -> Iterator[Show]:
    """A table that keeps itself up to date, or a line now and then in a log."""
    console = Console(stderr=True, highlight=False)
    with _live(console) if console.is_terminal else _log(console) as show:
        yield show


def outcome(run: BenchRun) -> None:
    """The systems side by side, and what has no result and why."""
    for_tables().print(board(run.tallies))
    errors = Console(stderr=True, highlight=False)
    trouble = [(tally.system, *item) for tally in run.tallies.values() for item in tally.trouble.items()]
    for system, question, reason in trouble[:SHOWN]:
        errors.print(escape(f"{system}, {question}: {reason}"), style="yellow", soft_wrap=True)
    if run.stopped:
        errors.print(escape(run.stopped), style="red", soft_wrap=True)
    if run.left:
        text = f"{run.left:,} answers are missing; they are no wrong answers: run the same command again to get them."
        errors.print(text, style="yellow", soft_wrap=True)


def board(tallies: Mapping[str, SystemTally]) -> Table:
    """A row for each system: how far, how good, what it costs a question."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("system", overflow="fold")
    for header in ("done", "% correct", "95 %", "calls\na question", "tokens\na question", "no result"):
        table.add_column(header, justify="right")
    for tally in tallies.values():
        table.add_row(escape(tally.system), f"{tally.done:,}/{tally.total:,}", *_figures(tally))
    return table


def progress_text(tallies: Mapping[str, SystemTally], seconds: float) -> str:
    """How many answers there are, how fast they come, and how long the rest will take."""
    done, total = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("done", "total"))
    asked = sum(tally.asked for tally in tallies.values())
    parts = [f"{done:,} of {total:,} answers"]
    if asked and seconds:
        parts.append(f"{60 * asked / seconds:,.1f}/min")
        parts.append(f"{timedelta(seconds=round((total - done) * seconds / asked))} left")
    return ", ".join(parts)


def _figures(tally: SystemTally) -> list[str]:
    if tally.interval is None:
        return ["-", "-", "-", "-", str(len(tally.trouble))]
    low, high = tally.interval
    return [
        f"{100 * tally.correct / tally.done:.1f}",
        f"{100 * low:.0f} - {100 * high:.0f}",
        f"{tally.calls / tally.done:.1f}",
        f"{tally.tokens / tally.done:,.0f}",
        str(len(tally.trouble)),
    ]


@contextmanager
def _live(console: Console) -> Iterator[Show]:
    start = time.monotonic()
    with Live(console=console, refresh_per_second=4) as live:

        def show(tallies: Mapping[str, SystemTally]) -> None:
            table = board(tallies)
            table.caption = progress_text(tallies, time.monotonic() - start)
            live.update(table)

        yield show


@contextmanager
def _log(console: Console) -> Iterator[Show]:
    start = said = time.monotonic()

    def show(tallies: Mapping[str, SystemTally]) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= LOG_SECONDS:
            said = now
            console.print(progress_text(tallies, now - start), soft_wrap=True)

    yield show
