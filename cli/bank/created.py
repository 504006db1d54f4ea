"""What `smacs bank create` shows: progress and what was left out on stderr, the new bank on stdout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from smacs.cli.console import Console

if TYPE_CHECKING:
    from smacs.store.create.create import Created
    from smacs.store.create.report import CreateReport

_SHOWN = 5  # pairs of each kind; the report has them all


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each part of the work."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show


def created(made: "Created") -> None:
    """How each source was read, what was left out, and where the bank is."""
    from smacs.store.create.report import omissions

    console = Console(stderr=True, highlight=False)

    def say(text: str, style: str | None = None) -> None:
        console.print(escape(text), style=style, soft_wrap=True)

    for source in made.report.sources:
        grader = f", grader {source.grader!r} (found)" if source.grader else ""
        say(f"{source.name}: {source.columns}{grader}")
        say(f"{source.name}: {source.questions:,} questions out of {source.rows:,} rows")
    for source in made.report.excluded:
        say(f"{source.name}: {source.columns}, {source.questions:,} questions excluded")
    for text in _examples(made.report):
        say(text, "yellow")
    say(omissions(made.report))
    print(f"{made.report.questions} questions\t{made.bank.path}")


def _examples(report: "CreateReport") -> Iterator[str]:
    for problem in report.problems[:_SHOWN]:
        yield f"no question: {problem}"
    for duplicate in report.duplicates[:_SHOWN]:
        yield f"duplicate: {duplicate.place} of {duplicate.first}"
    for conflict in report.conflicts[:_SHOWN]:
        yield f"several labels ({', '.join(conflict.labels)}): {'; '.join(map(str, conflict.places))}"
    for leak in report.leaks[:_SHOWN]:
        yield f"excluded ({leak.kind}, {leak.similarity:.3f}): {leak.place} is {leak.excluded}"
