"""What the bank commands share: opening the bank, naming LLMs of a pool, a bar that counts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.console import Console
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank

LLMOption = Annotated[
    list[str] | None,
    typer.Option("--llm", help="An LLM of the pool; may be repeated. Default: all.", show_default=False),
]
BankLLMOption = Annotated[
    list[str] | None, typer.Option("--llm", help="An LLM of the bank. Default: all.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_bank(path: str | None) -> "QuestionBank":
    """The bank in a folder, or the starter bank."""
    from smacs.store.bank import QuestionBank

    return QuestionBank.starter() if path is None else QuestionBank.open(path)


def llms_of(pool: "Pool", names: list[str] | None) -> list[str]:
    """The LLMs that the option names, by default all of the pool. Raises InputError for one that is not in it."""

    for name in names or ():
        if name not in pool.llms:
            raise InputError(f"--llm: expected an LLM of {pool.source} ({', '.join(pool.llms)}), got {name!r}.")
    return names or list(pool.llms)


@contextmanager
def counting(what: str, *, transient: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr that counts what is done; a transient one disappears at the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=transient) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
