"""`smacs bank verify`: is every line, vector and checksum of a bank as it should be."""

import sys

import typer

from smacs.cli.bank.common import JsonOption
from smacs.cli.options import BankOption


def verify(bank: BankOption = None, as_json: JsonOption = False) -> None:
    """Check every line, count, checksum and dimension; say what is broken and how to mend it. Changes nothing.

    Exit code 1: something is broken.
    """
    import msgspec
    from rich.markup import escape

    from smacs.cli.console import Console
    from smacs.store.bank import QuestionBank
    from smacs.store.verify import verify as check

    path = QuestionBank.starter().path if bank is None else bank
    problems = list(check(path))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(problems)) + b"\n")
    else:
        console = Console(highlight=False, soft_wrap=True)
        for problem in problems:
            style = "yellow" if problem.harmless else "red"
            console.print(f"[{style}]{escape(problem.where)}[/]: {escape(problem.what)}\n  {escape(problem.mend)}")
        broken = sum(not problem.harmless for problem in problems)
        console.print(f"{path}: {f'{broken} broken' if broken else 'sound'}, {len(problems) - broken} to know about")
    if any(not problem.harmless for problem in problems):
        raise typer.Exit(1)
