"""`smacs bank index`, `reembed` and `move-index`: the vectors of a bank, and where they are kept."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import counting, open_bank
from smacs.cli.options import BankOption, PoolOption
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.pool.config import EmbedderSpec
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.view import BankView

FOLDER = "folder"


def index(
    bank: BankOption = None,
    pool: PoolOption = "local",
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Embed every question again.")] = False,
) -> None:
    """Embed the questions that are not in the bank's Chroma index yet."""
    from smacs.pool.pool import Pool

    view = asyncio.run(load_view(open_bank(bank), Pool.load(pool), rebuild=rebuild))
    print(f"{len(view)} questions indexed")


async def load_view(bank: "QuestionBank", pool: "Pool", *, rebuild: bool = False) -> "BankView":
    """A view of the bank, its missing vectors embedded under a bar; closes the pool."""
    try:
        with counting("embedding") as show:
            return await bank.load(pool.embedder(bank.embedder), rebuild=rebuild, on_progress=show)
    finally:
        await pool.aclose()


def reembed(
    bank: BankOption = None,
    pool: PoolOption = "local",
    model: Annotated[
        str, typer.Option(help="A sentence-transformers model or folder. Default: the pool file's [embedder].")
    ] = "",
) -> None:
    """Embed every question again with another embedder: the pool file's, or a model run here.

    May be stopped and started again; the bank keeps its embedder until all is done.
    """
    from smacs.pool.config import EmbedderSpec
    from smacs.pool.pool import Pool

    loaded = Pool.load(pool)
    spec = EmbedderSpec(model=model) if model else loaded.file.embedder
    if spec is None:
        raise InputError(f"{loaded.source} has no [embedder]: name one there, or give --model.")
    opened = open_bank(bank)
    asyncio.run(_reembed(opened, spec))
    print(f"{opened.path} is embedded with {opened.manifest.embedder}")


async def _reembed(bank: "QuestionBank", spec: "EmbedderSpec") -> None:
    from smacs.pool.embed import make_embedder
    from smacs.store.index.move import new_embedder

    probe = make_embedder(spec)
    try:
        dimension = spec.dimension or (await probe.embed(["dimension"])).shape[1]
    finally:
        await probe.aclose()
    embedder = make_embedder(spec.model_copy(update={"dimension": dimension}))
    try:
        with counting("embedding") as show:
            await new_embedder(bank, embedder, show)
    finally:
        await embedder.aclose()


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
    from smacs.store.index.move import move_index as move

    with counting("embedding") as show:
        return await move(bank, server, show)
