"""`smacs bank stats`: how good each LLM is on a question bank."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from smacs.cli.bank.common import JsonOption, open_bank
from smacs.cli.options import BankOption

if TYPE_CHECKING:
    from smacs.store.stats import Coverage


class By(StrEnum):
    """What the rows below each LLM stand for."""

    dataset = "dataset"
    subject = "subject"


def stats(
    bank: BankOption = None,
    by: Annotated[By, typer.Option(help="A row for each data set, or for each subject of it.")] = By.dataset,
    llm: Annotated[
        list[str] | None, typer.Option("--llm", help="An LLM of the bank. Default: all.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Accuracy with its interval, coverage and cost of every LLM, over the whole bank and its parts."""
    import msgspec

    from smacs.cli.bank.display import statistics
    from smacs.store.bank import check_llms
    from smacs.store.stats import bank_stats, coverage

    opened = open_bank(bank)
    check_llms(opened, llm or ())
    rows = bank_stats(opened, llm, by=by.value)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
    else:
        statistics(rows)
    if said := thin(coverage(opened, llm)):
        typer.secho(said, err=True, fg="yellow")


def thin(found: "Coverage") -> str:
    """How thin the bank is, in one line; nothing where every cell is there."""
    if not found.evaluated:
        return f"None of the {found.questions} questions has an evaluation. Say `smacs bank evaluate` or `import`."
    parts = [f"{100 * found.missing:.1f} % of the cells are missing"]
    parts += [f"{llm} has {n} of {found.questions}" for llm, n in found.evaluated.items() if n < found.questions]
    if found.untouched:
        parts.append(f"{found.untouched} questions have no evaluation at all")
    return "; ".join(parts) if len(parts) > 1 else ""
