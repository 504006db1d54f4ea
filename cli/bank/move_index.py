"""`smacs bank move-index`: put a bank's vectors on a Chroma server, or back into its folder."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import open_bank
from smacs.cli.options import BankOption

if TYPE_CHECKING:
    from smacs.store.bank import QuestionBank

FOLDER = "folder"


def move_index(
    to: Annotated[str, typer.Option(help=f"URL of a Chroma server (`chroma run`), or {FOLDER!r}: into the bank.")],
    bank: BankOption = None,
) -> None:
    """Move the vectors to a Chroma server, or back into the bank's folder.

    They are read back and compared before the old ones are deleted. May be stopped and started again. A server that
    wants a token gets the one in SMACS_CHROMA_TOKEN, if SMACS_CHROMA_SERVER is its URL.
    """
    opened = open_bank(bank)
    deleted = asyncio.run(_move(opened, "" if to == FOLDER else to.rstrip("/")))
    print(f"The index of {opened.path} is {'in its folder' if to == FOLDER else f'at {to}'}.")
    if not deleted:
        typer.echo("The old server does not answer and keeps its copy; what is missing is embedded again.", err=True)


async def _move(bank: "QuestionBank", server: str) -> bool:
    from smacs.cli.bank.display import index_progress
    from smacs.store.index.move import move_index as move

    with index_progress() as show:
        return await move(bank, server, show)
