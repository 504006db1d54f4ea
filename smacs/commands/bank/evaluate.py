"""`smacs bank evaluate`: one pass of LLMs over a question bank."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import typer

from smacs.commands.bank.common import LLMOption, chosen, open_bank
from smacs.commands.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.evaluate import EvaluationSummary


def evaluate(bank: BankOption = None, pool: PoolOption = "local", llm: LLMOption = None) -> None:
    """Ask LLMs every bank question they have no evaluation of. May be stopped at any time and started again.

    Exit code 1: some questions got no grade.
    """
    from smacs.commands.bank.display import failures, statistics
    from smacs.pool.pool import Pool
    from smacs.store.stats import bank_stats

    opened, loaded = open_bank(bank), Pool.load(pool)
    names = chosen(loaded, llm)
    with loaded.running(names, progress=partial(typer.echo, err=True)):
        summaries = asyncio.run(_evaluate(opened, loaded, names))
    statistics(bank_stats(opened, names))
    if any(summary.failures for summary in summaries):
        failures(summaries)
        raise typer.Exit(1)


async def _evaluate(bank: "QuestionBank", pool: "Pool", names: list[str]) -> list["EvaluationSummary"]:
    """One LLM after another: a machine that serves them all is not overloaded."""
    from smacs.commands.bank.display import evaluation_progress
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
