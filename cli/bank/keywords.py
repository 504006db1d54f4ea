"""`smacs bank keywords`: name the skills that a bank's questions ask for."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import counting, llms_of, open_bank
from smacs.cli.console import say
from smacs.cli.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank
    from smacs.store.name_skills import Naming


def keywords(
    bank: BankOption = None,
    pool: PoolOption = "local",
    llm: Annotated[
        str | None, typer.Option(help="The LLM that names them. Default: the first aggregator.", show_default=False)
    ] = None,
) -> None:
    """Have an LLM name the skills of every bank question, for Symbolic-MoE. May be stopped and started again.

    Without them it takes the questions' subjects. Exit code 1: some questions got none.
    """
    from smacs.pool.pool import Pool

    loaded, opened = Pool.load(pool), open_bank(bank)
    name = llms_of(loaded, [llm])[0] if llm else loaded.aggregators[0].name
    with loaded.running([name], progress=partial(typer.echo, err=True)):
        naming = asyncio.run(_name(opened, loaded, name))
    print(f"{naming.done:,} of {naming.total:,} questions have keywords")
    if naming.failures:
        say(f"{len(naming.failures):,} calls gave none; the first: {naming.failures[0]}", err=True)
        raise typer.Exit(1)


async def _name(bank: "QuestionBank", pool: "Pool", name: str) -> "Naming":
    from smacs.graph.settings import make_settings
    from smacs.pool.prompts import Prompts
    from smacs.store.name_skills import Naming

    try:
        with counting("naming skills", transient=True) as show:
            naming = Naming(pool.llms[name], Prompts.load(), make_settings(pool).sampling, show)
            await naming.run(bank)
    finally:
        await pool.aclose()
    return naming
