"""`smacs bench`: systems side by side on the paper's benchmarks. One file for each command."""

import typer

from smacs.cli.bench.bank import bank
from smacs.cli.bench.list import list_
from smacs.cli.bench.report import report
from smacs.cli.bench.run import run

app = typer.Typer(no_args_is_help=True, help="The paper's benchmarks: make a bank for them, run systems over them.")
app.command("list")(list_)
app.command("bank")(bank)
app.command("run")(run)
app.command("report")(report)
