"""`smacs bank`: evaluate LLMs on a question bank, look at the result, build its index."""

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.commands.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.evaluate import EvaluationSummary

app = typer.Typer(no_args_is_help=True, help="The question bank: evaluate LLMs on it, look at it, index it.")
LLMOption = Annotated[
    list[str] | None,
    typer.Option("--llm", help="An LLM of the pool; may be repeated. Default: all.", show_default=False),
]


@app.command()
def evaluate(bank: BankOption = None, pool: PoolOption = "local", llm: LLMOption = None) -> None:
    """Ask LLMs every bank question they have no evaluation of. May be stopped at any time and started again.

    Exit code 1: some questions got no grade.
    """
    from smacs.commands.bank_show import failures, statistics
    from smacs.pool.pool import Pool
    from smacs.store.stats import bank_stats

    opened, loaded = open_bank(bank), Pool.load(pool)
    names = _chosen(loaded, llm)
    with loaded.running(names, progress=partial(typer.echo, err=True)):
        summaries = asyncio.run(_evaluate(opened, loaded, names))
    statistics(bank_stats(opened, names))
    if any(summary.failures for summary in summaries):
        failures(summaries)
        raise typer.Exit(1)


@app.command()
def stats(
    bank: BankOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Accuracy, coverage and cost of every LLM, over the whole bank and by dataset."""
    import msgspec

    from smacs.commands.bank_show import statistics
    from smacs.store.stats import bank_stats

    rows = bank_stats(open_bank(bank))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
    else:
        statistics(rows)


@app.command()
def index(
    bank: BankOption = None,
    pool: PoolOption = "local",
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Embed every question again.")] = False,
) -> None:
    """Embed the questions that are not in the bank's Chroma index yet."""
    from smacs.pool.pool import Pool

    count = asyncio.run(_index(open_bank(bank), Pool.load(pool), rebuild))
    print(f"{count} questions indexed")


def open_bank(path: str | None) -> "QuestionBank":
    """The bank in a folder, or the starter bank."""
    from smacs.store.bank import QuestionBank

    return QuestionBank.starter() if path is None else QuestionBank.open(path)


def _chosen(pool: "Pool", names: list[str] | None) -> list[str]:
    from smacs.pool.errors import InputError

    for name in names or ():
        if name not in pool.llms:
            raise InputError(f"--llm: expected an LLM of {pool.source} ({', '.join(pool.llms)}), got {name!r}.")
    return names or list(pool.llms)


async def _evaluate(bank: "QuestionBank", pool: "Pool", names: list[str]) -> list["EvaluationSummary"]:
    """One LLM after another: a machine that serves them all is not overloaded."""
    from smacs.commands.bank_show import evaluation_progress
    from smacs.graph.settings import make_settings
    from smacs.pool.prompts import Prompts
    from smacs.store.evaluate import evaluate

    prompts, sampling = Prompts.load(), make_settings(pool).sampling
    summaries = []
    try:
        with evaluation_progress() as show:
            for name in names:
                summary = await evaluate(bank, pool.llms[name], prompts, sampling=sampling, on_progress=show)
                show(summary)
                summaries.append(summary)
    finally:
        await pool.aclose()
    return summaries


async def _index(bank: "QuestionBank", pool: "Pool", rebuild: bool) -> int:
    from smacs.commands.bank_show import index_progress

    try:
        with index_progress() as show:
            view = await bank.load(pool.embedder(bank.embedder), rebuild=rebuild, on_progress=show)
    finally:
        await pool.aclose()
    return len(view.ids)
