"""`smacs keys`: the API keys of a server."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from smacs.cli.console import Console

app = typer.Typer(no_args_is_help=True, help="The API keys of a server. They are stored hashed.")

Name = Annotated[str, typer.Argument(help="The key's name in logs: 1 to 64 of A-Z a-z 0-9 . _ -")]
File = Annotated[
    Path | None,
    typer.Option(
        "--file", envvar="SMACS_SERVER_KEYS_FILE", help="The file of keys. Default: keys.json in your settings folder."
    ),
]


def _limit(option: str, text: str) -> Any:
    return typer.Option(option, min=1, help=f"{text} Default: no limit of its own.", show_default=False)


@app.command()
def create(
    name: Name,
    rpm: Annotated[int | None, _limit("--rpm", "Requests a minute.")] = None,
    running: Annotated[int | None, _limit("--running", "Requests at once.")] = None,
    tokens_per_day: Annotated[int | None, _limit("--tokens-per-day", "Tokens of all LLM calls, by UTC day.")] = None,
    file: File = None,
) -> None:
    """Make a key and print it: this is the only time that it is shown."""
    from smacs.server.keyfile import Limits, create_key

    limits = Limits(requests_per_minute=rpm, running=running, tokens_per_day=tokens_per_day)
    path = _path(file)
    print(create_key(path, name, limits))
    typer.echo(f"{path} has its hash. A server with SMACS_SERVER_KEYS_FILE={path} accepts it from now on.", err=True)


@app.command("list")
def list_(file: File = None) -> None:
    """Show names and limits of the keys."""
    from smacs.server.keyfile import read_keys

    table = Table("name", "created", "requests a minute", "at once", "tokens a day")
    for key in read_keys(_path(file)).keys:
        limits = key.limits
        counts = (limits.requests_per_minute, limits.running, limits.tokens_per_day)
        table.add_row(
            escape(key.name), escape(key.created), *("-" if count is None else f"{count:,}" for count in counts)
        )
    Console().print(table)


@app.command()
def revoke(name: Name, file: File = None) -> None:
    """Remove a key; a running server refuses it from the next request on."""
    from smacs.server.keyfile import revoke_key

    revoke_key(_path(file), name)
    print(f"{name}\trevoked")


def _path(file: Path | None) -> Path:
    if file is not None:
        return file.expanduser().absolute()
    from platformdirs import user_config_path

    return user_config_path("smacs") / "keys.json"
