"""What `smacs bank` shows: progress on stderr, tables on stdout."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from smacs.cli.console import Console, for_tables
from smacs.store.imports.report import FileReport
from smacs.store.stats import StatsRow


def index_progress() -> AbstractContextManager[Callable[[int, int], None]]:
    """A bar that counts embedded questions."""
    return counting("embedding")


@contextmanager
def counting(what: str, *, transient: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts what is done; a transient one is gone afterwards."""
    with _bar(transient) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def statistics(rows: Sequence[StatsRow]) -> None:
    """The table of `smacs bank stats`, on stdout."""
    table = Table("", box=SIMPLE_HEAD)
    for header in ("accuracy %", "95 % interval", "evaluated", "tokens", "seconds"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        if row.dataset is None:
            table.add_section()
            table.add_row(escape(row.llm), *_numbers(row), style="bold")
        else:
            name = f"  {row.dataset or '-'}" if row.subject is None else f"    {row.subject or '-'}"
            table.add_row(escape(name), *_numbers(row))
    for_tables().print(table)


def imported(files: Sequence[FileReport]) -> None:
    """The table of `smacs bank import`, on stdout: what each file gave, and what its tool had reported."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("file", overflow="fold")
    for header in ("questions", "grades", "accuracy %", "reported %"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("left out")
    for file in files:
        counts = f"{file.questions:,}", f"{file.grades:,}"
        numbers = ("-", "-") if file.error and not file.partly else counts
        accuracy = None if file.error and not file.partly else file.accuracy
        reported = f"{_percent(file.reported)}{' differs' if file.differs else ''}"
        table.add_row(escape(Path(file.file).name), *numbers, _percent(accuracy), reported, escape(_left_out(file)))
    for_tables().print(table)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _left_out(file: FileReport) -> str:
    parts = [str(entry) for entry in file.left_out]
    if file.same_text:
        parts.append(f"{file.same_text:,} with the text of an earlier one")
    if file.error:
        parts.insert(0, "the rest" if file.partly else "all of it")
    return ", ".join(parts) or "-"


def _bar(transient: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=transient)


def _numbers(row: StatsRow) -> tuple[str, ...]:
    evaluated = f"{row.evaluated}/{row.questions}"
    if row.accuracy is None or row.low is None or row.high is None:
        return "-", "-", evaluated, "-", "-"
    interval = f"{100 * row.low:.1f} - {100 * row.high:.1f}"
    tokens = "-" if row.tokens is None else f"{row.tokens:.0f}"
    seconds = "-" if row.seconds is None else f"{row.seconds:.1f}"
    return f"{100 * row.accuracy:.1f}", interval, evaluated, tokens, seconds
