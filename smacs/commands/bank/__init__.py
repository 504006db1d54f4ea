"""`smacs bank`: make a question bank, evaluate LLMs on it, look at it. One file for each command."""

from importlib import import_module
from importlib.util import find_spec

import typer

app = typer.Typer(no_args_is_help=True, help="The question bank: make it, evaluate LLMs on it, look at it.")

# Helpers: a command file `X.py` here with function of the given name is registered as soon as it exists.
for file, function, name in [
    ("create", "create", "create"),
    ("import_", "import_", "import"),
    ("evaluate", "evaluate", "evaluate"),
    ("llms", "add_llm", "add-llm"),
    ("llms", "remove_llm", "remove-llm"),
    ("stats", "stats", "stats"),
    ("show", "show", "show"),
    ("rank", "rank", "rank"),
    ("index", "index", "index"),
    ("reembed", "reembed", "reembed"),
    ("move_index", "move_index", "move-index"),
    ("verify", "verify", "verify"),
    ("export", "export", "export"),
]:
    if find_spec(f"smacs.commands.bank.{file}"):
        app.command(name)(getattr(import_module(f"smacs.commands.bank.{file}"), function))
