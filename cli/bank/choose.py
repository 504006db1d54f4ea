"""`smacs bank choose`: choose the settings of selectors inside a bank, and keep them there."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from smacs.cli.bank.common import JsonOption, counting, open_bank
from smacs.cli.console import for_tables, print_json
from smacs.cli.options import BankOption

if TYPE_CHECKING:
    from smacs.bench.prior.freeze import Tried


def choose(
    bank: BankOption = None,
    selector: Annotated[
        list[str] | None,
        typer.Option("--selector", help="May be repeated. Default: all that have settings.", show_default=False),
    ] = None,
    folds: Annotated[int, typer.Option("--folds", help="Folds of the cross-validation.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Cross-validate the settings of each selector on the bank, and keep the best in it for live questions.

    No LLM is called. They stay until you choose again; without selectors.json in the bank the defaults hold.
    """
    from smacs.bench.prior.freeze import choose as choose_settings
    from smacs.store.chosen import FILE

    opened = open_bank(bank)
    with counting("choosing", transient=True) as show:
        tried = asyncio.run(choose_settings(opened, selector or (), folds=folds, on_progress=show))
    if as_json:
        _print_json(tried)
    else:
        _print_tables(tried)
        print(f"kept in {opened.path / FILE}")


def _print_json(tried: "Sequence[Tried]") -> None:
    from smacs.bench.prior.freeze import percent

    found = [
        {
            "selector": each.selector,
            "chosen": each.best.settings,
            "tried": [{"settings": trial.settings, "rank_score": percent(trial)} for trial in each.trials],
        }
        for each in tried
    ]
    print_json(found)


def _print_tables(tried: "Sequence[Tried]") -> None:
    console = for_tables()
    for each in tried:
        console.print(_table(each))


def _table(tried: "Tried") -> Table:
    """Everything that was tried, the best first."""
    from smacs.bench.prior.freeze import percent

    table = Table(*tried.best.settings, title=tried.selector, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("rank score (eq. 8)", justify="right")
    table.add_column("")
    for trial in sorted(tried.trials, key=lambda trial: -(percent(trial) or 0.0)):
        score = percent(trial)
        notes = [note for note, that in (("chosen", tried.best), ("default", tried.trials[0])) if that is trial]
        values = [str(value) for value in trial.settings.values()]
        table.add_row(*values, "-" if score is None else f"{score:.2f}", ", ".join(notes))
    return table
