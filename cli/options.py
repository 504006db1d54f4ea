"""Options that several commands share, and one option for each setting of the graph."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from smacs.nodes.shared.settings import Settings

PoolOption = Annotated[str, typer.Option("--pool", help="A pool file, or the name of one that ships with SMACS.")]
BankOption = Annotated[
    str | None, typer.Option("--bank", help="Folder of a question bank. Default: the starter bank.", show_default=False)
]


def with_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for each field of `Settings`; those that are set arrive as `settings`."""

    @functools.wraps(function)
    def command(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in Settings.model_fields}
        function(**arguments, settings={name: value for name, value in given.items() if value is not None})

    own = [p for p in inspect.signature(function).parameters.values() if p.name != "settings"]
    added = [_parameter(name) for name in Settings.model_fields]
    signature = inspect.Signature([*own, *added])
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    del command.__wrapped__
    return command


def _parameter(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    default = "" if field.default is None else f" [paper: {field.default}]"
    option = typer.Option(
        f"--{name.replace('_', '-')}",
        help=f"{field.description}{default}",
        show_default=False,
        rich_help_panel="Settings (default: the pool file's)",
    )
    kinds: dict[Any, Any] = {float: float, int: int, int | None: int}
    annotation: Any = Annotated[kinds.get(field.annotation, str) | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
