"""`smacs bank export`: a bank, or a part of it, in the form that other tools read."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import BankLLMOption, open_bank
from smacs.cli.options import BankOption, PoolOption
from smacs.errors import EmbedderMismatchError, PoolError

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.export import Exported


def export(
    target: Annotated[
        str,
        typer.Argument(
            help="A file: .jsonl (answers, as `smacs bank import` reads them), .csv or .parquet (who was right,"
            " a column for each LLM), .json (the authors' schema with embeddings). Or a new folder: a bank of its own."
        ),
    ],
    bank: BankOption = None,
    llm: BankLLMOption = None,
    dataset: Annotated[
        list[str] | None, typer.Option("--dataset", help="A data set of the bank. Default: all.", show_default=False)
    ] = None,
    pool: PoolOption = "local",
) -> None:
    """Write the bank, or some LLMs and data sets of it, to a file or folder. An existing file is replaced."""
    from smacs.pool.pool import Pool

    done = asyncio.run(_export(open_bank(bank), target, llm, dataset, Pool.load(pool)))
    print(f"{done.questions} questions\t{len(done.llms)} LLMs\t{done.cells} answers\t{done.path}")
    if done.unanswered and done.path.endswith(".jsonl"):
        print(f"{done.unanswered} questions without an answer have no line there", file=sys.stderr)


async def _export(
    bank: "QuestionBank", target: str, llms: list[str] | None, datasets: list[str] | None, pool: "Pool"
) -> "Exported":
    from smacs.store.export import export

    try:
        embedder = pool.embedder(bank.embedder)
    except (PoolError, EmbedderMismatchError):
        embedder = None  # only vectors that are missing need it
    try:
        return await export(bank, target, llms=llms, datasets=datasets, embedder=embedder)
    finally:
        await pool.aclose()
