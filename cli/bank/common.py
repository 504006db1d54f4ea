"""What the bank commands share: opening the bank, and choosing LLMs of a pool."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank

LLMOption = Annotated[
    list[str] | None,
    typer.Option("--llm", help="An LLM of the pool; may be repeated. Default: all.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_bank(path: str | None) -> "QuestionBank":
    """The bank in a folder, or the starter bank."""
    from smacs.store.bank import QuestionBank

    return QuestionBank.starter() if path is None else QuestionBank.open(path)


def chosen(pool: "Pool", names: list[str] | None) -> list[str]:
    """The LLMs that were asked for, all of the pool by default. Raises InputError for one that is not in it."""
    from smacs.errors import InputError

    for name in names or ():
        if name not in pool.llms:
            raise InputError(f"--llm: expected an LLM of {pool.source} ({', '.join(pool.llms)}), got {name!r}.")
    return names or list(pool.llms)
