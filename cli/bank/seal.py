"""`smacs bank seal`: give the lines of a bank the checksums that they lack."""

from typing import Annotated

import typer

from smacs.cli.options import BankOption


def seal(
    bank: BankOption = None,
    accept_edits: Annotated[
        bool, typer.Option("--accept-edits", help="Also where a checksum is wrong: you changed the line yourself.")
    ] = False,
) -> None:
    """Give every line without a checksum one: a bank of an older version, lines whose checksum you deleted.

    A line that does not fit its checksum is an error, until you restore it, or accept it as it is.
    """
    from smacs.store.bank import QuestionBank
    from smacs.store.seal import seal as give

    path = QuestionBank.starter().path if bank is None else bank
    report = give(path, accept_edits=accept_edits)
    for where in report.accepted:
        print(f"accepted\t{where}")
    print(f"{report.new:,} lines and documents of {path} have a new checksum")
