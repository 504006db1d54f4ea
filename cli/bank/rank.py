"""`smacs bank rank`: how good the prior is on questions whose grades are known. No LLM is called."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import counting, open_bank
from smacs.cli.console import for_tables
from smacs.cli.options import BankOption
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.bench.prior.plan import Plan
    from smacs.bench.prior.report import Report
    from smacs.bench.prior.splits import Draws, Folds

Names = list[str] | None


def rank(
    bank: BankOption = None,
    folds: Annotated[
        int | None, typer.Option("--folds", help="Folds of the cross-validation. Default: 5.", show_default=False)
    ] = None,
    splits: Annotated[
        int | None, typer.Option("--splits", help="Number of random splits, in place of folds.", show_default=False)
    ] = None,
    bank_size: Annotated[
        int | None, typer.Option("--bank-size", help="Questions that a split is fitted on.", show_default=False)
    ] = None,
    test_size: Annotated[
        int | None, typer.Option("--test-size", help="Questions that a split tests.", show_default=False)
    ] = None,
    test: Annotated[
        str | None,
        typer.Option("--test", help="Fit on the whole bank, test on the questions of this one.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("--k", help="References that vote; all LLMs of a smaller bank.")] = 7,
    calls: Annotated[float, typer.Option("--calls", help="Calls a question on average, where they stop early.")] = 4.0,
    selector: Annotated[
        Names, typer.Option("--selector", help="A selector; may be repeated. Default: all.", show_default=False)
    ] = None,
    rule: Annotated[
        Names, typer.Option("--rule", help="A vote rule; may be repeated. Default: all.", show_default=False)
    ] = None,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Keep bank questions that have the text of a test question.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of splits and intervals.")] = 0,
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write every figure; - is stdout.", show_default=False)
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE", help="Draw the gains, .svg or .png.", show_default=False)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables.", show_default=False)
    ] = None,
) -> None:
    """Measure how well each selector ranks the LLMs, on questions it was not fitted on. No LLM is called."""
    from smacs.bench.prior import figure as drawing
    from smacs.bench.prior.plan import Plan

    if figure is not None:
        drawing.check(figure)
    how = _protocol(folds, splits, bank_size, test_size, test)
    plan = Plan.of(selector or (), rule or (), k=k, calls=calls, seed=seed, repeats=repeats)
    report = _measured(bank, how, test, plan)
    _write(report, json, figure, markdown)


def _protocol(
    folds: int | None, splits: int | None, bank_size: int | None, test_size: int | None, test: str | None
) -> "Folds | Draws | None":
    """How the options split the bank; None where another bank is the test set."""
    from smacs.bench.prior.splits import Draws, Folds

    if sum(option is not None for option in (folds, splits, test)) > 1:
        raise InputError("expected one of --folds, --splits and --test, got more.")
    if splits is None and not (bank_size is None and test_size is None):
        raise InputError("--bank-size and --test-size say how large the parts of --splits are: give --splits too.")
    if splits is None:
        return None if test else Folds(folds or 5)
    if bank_size is None or test_size is None:
        raise InputError("--splits needs --bank-size and --test-size.")
    return Draws(splits, bank_size, test_size)


def _measured(bank: str | None, how: "Folds | Draws | None", test: str | None, plan: "Plan") -> "Report":
    from smacs.bench.prior.rank import rank as measure

    other = None if test is None else open_bank(test)
    with counting("measuring", transient=True) as show:
        return asyncio.run(measure(open_bank(bank), how, test=other, plan=plan, on_progress=show))


def _write(report: "Report", json: str | None, figure: Path | None, markdown: Path | None) -> None:
    """Write what was asked for; the tables go to stdout, unless JSON does."""
    from smacs.bench.prior import figure as drawing
    from smacs.bench.prior.render import markdown as tables
    from smacs.bench.prior.render import show
    from smacs.bench.prior.write import write_json

    if json is not None:
        write_json(report, json)
    if figure is not None:
        drawing.draw(report, figure)
    if markdown is not None:
        markdown.write_text(tables(report), "utf-8")
    if json != "-":
        show(report, for_tables())
