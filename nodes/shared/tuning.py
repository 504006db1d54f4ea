"""Tuning: the settings of a selector or a vote rule that a bank may choose, each out of a few values.

Either is a frozen dataclass; a field that says what else it could be is such a setting, all others stay as they are:

    tau: Annotated[float, Alternatives(0.05, 0.2)] = 0.1          0.1 (the default), 0.05 or 0.2
"""

from dataclasses import MISSING, fields, is_dataclass, replace
from itertools import product
from typing import Any, TypeVar, cast, get_type_hints

from smacs.errors import InputError
from smacs.store.chosen import Setting, Settings

T = TypeVar("T")


class Alternatives:
    """The values that a field may have besides its default."""

    def __init__(self, *others: Setting) -> None:
        self.others = others


def grid(thing: object) -> dict[str, tuple[Setting, ...]]:
    """The values that each setting may have, the default first; nothing for what has no settings to choose."""
    if not is_dataclass(thing):
        return {}
    hints = get_type_hints(type(thing), include_extras=True)
    defaults = {field.name: field.default for field in fields(thing) if field.default is not MISSING}
    found = ((name, _others(hints[name])) for name in defaults)
    return {name: (defaults[name], *others) for name, others in found if others}


def setting_values(thing: object) -> dict[str, Setting]:
    """The values of the settings that can be chosen."""
    return {name: getattr(thing, name) for name in grid(thing)}


def with_settings(thing: T, chosen: Settings) -> T:
    """The same with other settings. Raises InputError for an unknown setting, or a value that is none of its own."""
    known = grid(thing)
    for name, value in chosen.items():
        if name not in known:
            raise InputError(f"expected one of the settings {', '.join(known) or '(there are none)'}, got {name!r}")
        if value not in known[name]:
            raise InputError(f"{name}: expected one of {', '.join(map(str, known[name]))}, got {value!r}")
    if not chosen:
        return thing
    values = {name: known[name][known[name].index(value)] for name, value in chosen.items()}
    return cast(T, replace(cast(Any, thing), **values))


def points(thing: T) -> list[T]:
    """The points of the grid: one for each combination of values, that of all defaults first."""
    known = grid(thing)
    return [with_settings(thing, dict(zip(known, values, strict=True))) for values in product(*known.values())]


def _others(hint: Any) -> tuple[Setting, ...]:
    return next((note.others for note in getattr(hint, "__metadata__", ()) if isinstance(note, Alternatives)), ())
