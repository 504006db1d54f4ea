"""`smacs bank reembed`: embed a bank again, with another embedder."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import open_bank
from smacs.cli.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.pool.config import EmbedderSpec
    from smacs.store.bank import QuestionBank


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
    from smacs.errors import InputError
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
    from smacs.cli.bank.display import index_progress
    from smacs.pool.embed import make_embedder
    from smacs.store.index.move import new_embedder

    probe = make_embedder(spec)
    try:
        dimension = spec.dimension or (await probe.embed(["dimension"])).shape[1]
    finally:
        await probe.aclose()
    embedder = make_embedder(spec.model_copy(update={"dimension": dimension}))
    try:
        with index_progress() as show:
            await new_embedder(bank, embedder, show)
    finally:
        await embedder.aclose()
