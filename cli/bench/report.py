"""`smacs bench report`: a run as one page, as Markdown and as JSON."""

from pathlib import Path
from typing import Annotated

import typer

from smacs.cli.console import say
from smacs.visible import visible


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run of `smacs bench run`.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write it. Default: DIR.", show_default=False)
    ] = None,
) -> None:
    """Tables and figures of a run, finished or not: report.html, report.md with charts/, report.json.

    The page needs no network. No LLM is called.
    """
    from smacs.bench.report.build import build
    from smacs.bench.report.headline import headline
    from smacs.bench.report.page import check, write

    check()
    made = build(folder)
    for note in made.notes:
        typer.secho(visible(note), err=True, fg="yellow")
    for sentence in headline(made):
        say(sentence)
    for file in write(made, out or folder):
        say(file)
