"""`smacs bank add-llm` and `remove-llm`: one LLM more or one less. Neither touches the others."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from smacs.cli.bank.common import llms_of, open_bank
from smacs.cli.bank.index import load_view
from smacs.cli.console import for_tables
from smacs.cli.options import BankOption, PoolOption

if TYPE_CHECKING:
    from smacs.cli.bank.priors import Standing
    from smacs.pool.pool import Pool
    from smacs.store.bank import QuestionBank


def add_llm(
    name: Annotated[str, typer.Argument(help="An LLM of the pool.")],
    bank: BankOption = None,
    pool: PoolOption = "local",
) -> None:
    """Ask one LLM every bank question it has no evaluation of, then show how its prior compares with the others'.

    May be stopped at any time and started again. Grades that you have already come in with `smacs bank import`.
    """
    from smacs.cli.bank.evaluate import evaluate
    from smacs.pool.pool import Pool

    opened, loaded = open_bank(bank), Pool.load(pool)
    llms_of(loaded, [name])
    try:
        evaluate(bank=bank, pool=pool, llm=[name])
    finally:  # where some calls failed, the answers that are there count
        if name in opened.llms and len(opened.questions) > 1:
            _compare(asyncio.run(_standings(opened, loaded)), name, loaded)


def remove_llm(
    name: Annotated[str, typer.Argument(help="An LLM of the bank.")],
    bank: BankOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take an LLM out of the bank. Its evaluations are kept in the folder `removed/`."""
    from smacs.store.remove import remove_llm as remove
    from smacs.store.stats import check_llms

    opened = open_bank(bank)
    check_llms(opened, [name])
    if not yes:
        count = len(opened.evaluations(name))
        typer.confirm(f"Take {name} and its {count} evaluations out of {opened.path}?", abort=True, err=True)
    moved = remove(opened, name)
    print(f"{name}\t{moved}")
    print(f"To undo: mv '{moved}' '{opened.evaluation_file(name)}'", file=sys.stderr)


async def _standings(bank: "QuestionBank", pool: "Pool") -> list["Standing"]:
    from smacs.cli.bank.priors import standings
    from smacs.graph.settings import make_settings

    return standings(await load_view(bank, pool), bank.llms, make_settings(pool))


def _compare(found: list["Standing"], name: str, pool: "Pool") -> None:
    from smacs.graph.settings import make_settings

    k = make_settings(pool).k
    count = len(found[0].ranks)
    table = Table(box=SIMPLE_HEAD, title=f"Priors of {count} bank questions, each asked as if it were new")
    table.add_column("LLM")
    for header in ("mean prior %", "has the largest %", f"among the first {k} %"):
        table.add_column(header, justify="right")
    for item in found:
        mean = sum(item.shares) / count
        cells = (f"{100 * share:.1f}" for share in (mean, item.among(1), item.among(k)))
        table.add_row(escape(item.llm), *cells, style="bold" if item.llm == name else None)
    for_tables().print(table)
