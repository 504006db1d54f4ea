"""Settings that a bank may choose for a selector or a vote rule, among few candidates.

Either is a frozen dataclass; a field that says what else it could be is such a setting, all others stay as they are:

    tau: Annotated[float, Among(0.05, 0.2)] = 0.1          candidates 0.1 (the default), 0.05, 0.2
"""

from dataclasses import MISSING, fields, is_dataclass, replace
from itertools import product
from typing import Any, TypeVar, cast, get_type_hints

from smacs.errors import InputError
from smacs.store.tuned_settings import SelectorSettings, SettingValue

T = TypeVar("T")


class Among:
    """The candidates of a field besides its default."""

    def __init__(self, *others: SettingValue) -> None:
        self.others = others


def candidates(thing: object) -> dict[str, tuple[SettingValue, ...]]:
    """The candidates of each setting, the default first; nothing for what has no settings to choose."""
    if not is_dataclass(thing):
        return {}
    hints = get_type_hints(type(thing), include_extras=True)
    defaults = {field.name: field.default for field in fields(thing) if field.default is not MISSING}
    found = ((name, _others(hints[name])) for name in defaults)
    return {name: (defaults[name], *others) for name, others in found if others}


def settings_of(thing: object) -> dict[str, SettingValue]:
    """The values of the settings that can be chosen."""
    return {name: getattr(thing, name) for name in candidates(thing)}


def with_settings(thing: T, chosen: SelectorSettings) -> T:
    """The same with other settings. Raises InputError for a setting or a value that there is not."""
    known = candidates(thing)
    for name, value in chosen.items():
        if name not in known:
            raise InputError(f"expected a setting out of {', '.join(known) or 'none'}, got {name!r}")
        if value not in known[name]:
            raise InputError(f"{name}: expected one of {', '.join(map(str, known[name]))}, got {value!r}")
    if not chosen:
        return thing
    values = {name: known[name][known[name].index(value)] for name, value in chosen.items()}
    return cast(T, replace(cast(Any, thing), **values))


def points(thing: T) -> list[T]:
    """One for each combination of candidates, that of all defaults first."""
    known = candidates(thing)
    return [with_settings(thing, dict(zip(known, values, strict=True))) for values in product(*known.values())]


def _others(hint: Any) -> tuple[SettingValue, ...]:
    return next((note.others for note in getattr(hint, "__metadata__", ()) if isinstance(note, Among)), ())
