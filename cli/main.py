"""The `smacs` command."""

import sys
from typing import Annotated

import typer

from smacs import __version__
from smacs.cli import ask, bank, bench, doctor, keys, models, replay, serve
from smacs.errors import SmacsError
from smacs.visible import visible

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Many open LLMs answer one question together, better than the best of them.",
)
app.command("ask")(ask.ask)
app.add_typer(models.app, name="models")
app.add_typer(bank.app, name="bank")
app.add_typer(bench.app, name="bench")
app.command("replay")(replay.replay)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"smacs {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Many open LLMs answer one question together, better than the best of them."""


def main() -> None:
    """Run the command line: an error of ours is one message on stderr and exit code 2, Ctrl-C is 130."""
    try:
        app()
    except SmacsError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
