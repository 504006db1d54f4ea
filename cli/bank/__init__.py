"""`smacs bank`: make a question bank, evaluate LLMs on it, look at it. One file for each command."""

import typer

from smacs.cli.bank.choose import choose
from smacs.cli.bank.create import create
from smacs.cli.bank.evaluate import evaluate
from smacs.cli.bank.export import export
from smacs.cli.bank.import_ import import_
from smacs.cli.bank.index import index, move_index, reembed
from smacs.cli.bank.keywords import keywords
from smacs.cli.bank.llms import add_llm, remove_llm
from smacs.cli.bank.rank import rank
from smacs.cli.bank.show import show
from smacs.cli.bank.stats import stats
from smacs.cli.bank.verify import seal, verify

app = typer.Typer(no_args_is_help=True, help="The question bank: make it, evaluate LLMs on it, look at it.")

MAKE, LOOK, KEEP = "Make it", "Look at it", "Keep it"
app.command("create", rich_help_panel=MAKE)(create)
app.command("import", rich_help_panel=MAKE)(import_)
app.command("evaluate", rich_help_panel=MAKE)(evaluate)
app.command("add-llm", rich_help_panel=MAKE)(add_llm)
app.command("remove-llm", rich_help_panel=MAKE)(remove_llm)
app.command("keywords", rich_help_panel=MAKE)(keywords)
app.command("choose", rich_help_panel=MAKE)(choose)
app.command("stats", rich_help_panel=LOOK)(stats)
app.command("show", rich_help_panel=LOOK)(show)
app.command("rank", rich_help_panel=LOOK)(rank)
app.command("index", rich_help_panel=KEEP)(index)
app.command("verify", rich_help_panel=KEEP)(verify)
app.command("seal", rich_help_panel=KEEP)(seal)
app.command("export", rich_help_panel=KEEP)(export)
app.command("reembed", rich_help_panel=KEEP)(reembed)
app.command("move-index", rich_help_panel=KEEP)(move_index)
