"""The sources of `smacs bank create`, from options whose values may begin with the name of a source."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.store.create.sources import Source

_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)


class SourceOptions(NamedTuple):
    """The values of the options, as they were typed."""

    columns: Sequence[str] | None = None
    constants: Sequence[str] | None = None
    split: Sequence[str] | None = None
    revision: Sequence[str] | None = None
    limit: Sequence[str] | None = None
    seed: int | None = None


def read_sources(
    sources: Sequence[str], exclude: Sequence[str] | None, options: SourceOptions
) -> tuple[list["Source"], list["Source"]]:
    """The sources and the excluded ones; constants and limits are for the sources alone. Raises InputError."""
    named, excluded = [_name(text) for text in sources], [_name(text) for text in exclude or ()]
    names = [name for name, _ in named + excluded]
    for_texts = options._replace(constants=None, limit=None, seed=None)
    return (
        [_source(name, where, options, names) for name, where in named],
        [_source(name, where, for_texts, names) for name, where in excluded],
    )


def _name(text: str) -> tuple[str, str]:
    """NAME=WHERE; without a name the source's own."""
    from smacs.store.create.sources import default_name

    match = _NAMED.fullmatch(text)
    if match and not Path(text).exists():
        return match[1], match[2]
    return default_name(text), text


def _source(name: str, where: str, options: SourceOptions, names: Sequence[str]) -> "Source":
    from smacs.store.create.sources import Source

    columns = _pairs("--map", options.columns, name, names)
    return Source(
        where=where,
        name=name,
        columns={field: value.replace("\\n", "\n") for field, value in columns.items()},
        constants=_pairs("--set", options.constants, name, names),
        split=_last(options.split, name, names),
        revision=_last(options.revision, name, names),
        limit=_number(_last(options.limit, name, names)),
        seed=options.seed,
    )


def _values(given: Sequence[str] | None, name: str, names: Sequence[str]) -> list[str]:
    """The values that hold for a source: those for all, then those with its name, which win."""
    scoped = [(text.partition(":"), text) for text in given or ()]
    for_all = [text for (scope, _, _), text in scoped if scope not in names]
    return for_all + [rest for (scope, colon, rest), _ in scoped if colon and scope == name]


def _last(given: Sequence[str] | None, name: str, names: Sequence[str]) -> str | None:
    found = _values(given, name, names)
    return found[-1] if found else None


def _pairs(option: str, given: Sequence[str] | None, name: str, names: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in _values(given, name, names):
        field, equals, value = text.partition("=")
        if not equals or not value or ":" in field:
            raise InputError(
                f"{option}: expected FIELD=VALUE, or SOURCE:FIELD=VALUE with a source out of {', '.join(names)}; "
                f"got {text!r}."
            )
        found[field] = value
    return found


def _number(text: str | None) -> int | None:
    if text is not None and not text.isdecimal():
        raise InputError(f"--limit: expected a number, or SOURCE:NUMBER, got {text!r}.")
    return None if text is None else int(text)
