"""`smacs bank index`: embed the questions of a bank."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import open_bank
from smacs.cli.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank


def index(
    bank: BankOption = None,
    pool: PoolOption = "local",
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Embed every question again.")] = False,
) -> None:
    """Embed the questions that are not in the bank's Chroma index yet."""
    from smacs.pool.pool import Pool

    count = asyncio.run(_index(open_bank(bank), Pool.load(pool), rebuild))
    print(f"{count} questions indexed")


async def _index(bank: "QuestionBank", pool: "Pool", rebuild: bool) -> int:
    from smacs.cli.bank.display import index_progress

    try:
        with index_progress() as show:
            view = await bank.load(pool.embedder(bank.embedder), rebuild=rebuild, on_progress=show)
    finally:
        await pool.aclose()
    return len(view)
