"""`smacs bank verify` and `seal`: whether a bank is sound, and checksums for lines that lack one."""

from typing import Annotated

import typer
from rich.markup import escape

from smacs.cli.bank.common import JsonOption
from smacs.cli.console import Console, print_json
from smacs.cli.options import BankOption


def verify(bank: BankOption = None, as_json: JsonOption = False) -> None:
    """Check every line, count, checksum and dimension; say what is broken and how to mend it. Changes nothing.

    Exit code 1: something is broken.
    """
    from smacs.store.bank import QuestionBank
    from smacs.store.verify import verify as check

    path = QuestionBank.starter().path if bank is None else bank
    problems = list(check(path))
    if as_json:
        print_json(problems)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for problem in problems:
            style = "yellow" if problem.harmless else "red"
            console.print(f"[{style}]{escape(problem.where)}[/]: {escape(problem.what)}\n  {escape(problem.mend)}")
        broken = sum(not problem.harmless for problem in problems)
        console.print(f"{path}: {f'{broken} broken' if broken else 'sound'}, {len(problems) - broken} to know about")
    if any(not problem.harmless for problem in problems):
        raise typer.Exit(1)


def seal(
    bank: BankOption = None,
    accept_edits: Annotated[
        bool, typer.Option("--accept-edits", help="Replace wrong checksums too: you changed these lines yourself.")
    ] = False,
) -> None:
    """Give every line without a checksum one: a bank of an older version, lines whose checksum you deleted.

    A line that does not fit its checksum is an error, until you restore it, or accept it as it is.
    """
    from smacs.store.bank import QuestionBank
    from smacs.store.seal import seal as seal_lines

    path = QuestionBank.starter().path if bank is None else bank
    report = seal_lines(path, accept_edits=accept_edits)
    for where in report.accepted:
        print(f"accepted\t{where}")
    print(f"{report.new:,} lines and documents of {path} have a new checksum")
