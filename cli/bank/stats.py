"""`smacs bank stats`: how good each LLM is on a question bank."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from smacs.cli.bank.common import BankLLMOption, JsonOption, open_bank
from smacs.cli.console import for_tables, print_json
from smacs.cli.options import BankOption

if TYPE_CHECKING:
    from smacs.store.stats import Coverage, Row


class By(StrEnum):
    """What the rows below each LLM stand for."""

    dataset = "dataset"
    subject = "subject"


def stats(
    bank: BankOption = None,
    by: Annotated[By, typer.Option(help="A row for each data set, or for each subject of it.")] = By.dataset,
    llm: BankLLMOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accuracy with its interval, coverage and cost of every LLM, over the whole bank and its parts."""
    from smacs.store.stats import bank_stats, check_llms, coverage

    opened = open_bank(bank)
    check_llms(opened, llm or ())
    rows = bank_stats(opened, llm, by=by.value)
    if as_json:
        print_json(rows)
    else:
        print_stats(rows)
    if gaps := coverage_gaps(coverage(opened, llm)):
        typer.secho(gaps, err=True, fg="yellow")


def print_stats(rows: "Sequence[Row]") -> None:
    """The table, on stdout."""
    table = Table("", box=SIMPLE_HEAD)
    for header in ("accuracy %", "95 % interval", "evaluated", "tokens", "seconds"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        if row.dataset is None:
            table.add_section()
            table.add_row(escape(row.llm), *_numbers(row), style="bold")
        else:
            name = f"  {row.dataset or '-'}" if row.subject is None else f"    {row.subject or '-'}"
            table.add_row(escape(name), *_numbers(row))
    for_tables().print(table)


def coverage_gaps(found: "Coverage") -> str:
    """What the bank lacks, in one line; empty where every cell is there."""
    if not found.evaluated:
        text = f"None of the {found.questions} questions has an evaluation."
        return f"{text} Run `smacs bank evaluate` or `smacs bank import`."
    parts = [f"{100 * found.missing:.1f} % of the cells are missing"]
    parts += [f"{llm} has {n} of {found.questions}" for llm, n in found.evaluated.items() if n < found.questions]
    if found.untouched:
        parts.append(f"{found.untouched} questions have no evaluation at all")
    return "; ".join(parts) if len(parts) > 1 else ""


def _numbers(row: "Row") -> tuple[str, ...]:
    evaluated = f"{row.evaluated}/{row.questions}"
    if row.accuracy is None or row.low is None or row.high is None:
        return "-", "-", evaluated, "-", "-"
    interval = f"{100 * row.low:.1f} - {100 * row.high:.1f}"
    tokens = "-" if row.tokens is None else f"{row.tokens:.0f}"
    seconds = "-" if row.seconds is None else f"{row.seconds:.1f}"
    return f"{100 * row.accuracy:.1f}", interval, evaluated, tokens, seconds
