"""Plugins: what the files of a package offer, found by listing the package. A new one is a new file, no other edit."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

from smacs.errors import InputError

T = TypeVar("T")


def listed(package: str, attribute: str) -> dict[str, Any]:
    """What each module of a package has under `attribute`, by its `name`, in alphabetical order of the files."""
    names = sorted(module.name for module in iter_modules(import_module(package).__path__, f"{package}."))
    modules = (import_module(name) for name in names)
    found = [getattr(module, attribute) for module in modules if hasattr(module, attribute)]
    return {each.name: each for each in found}


def find(known: Mapping[str, T], name: str, what: str) -> T:
    """The one of that name. Raises InputError that lists what exists; `what` is the kind of thing."""
    if name not in known:
        raise InputError(f"there is no {what} {name!r}; there are {', '.join(known)}.")
    return known[name]
