"""The selectors that exist, found by listing this package: a new one is a new file and no other edit."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from smacs.nodes.selectors.selector import Selector
from smacs.pool.errors import InputError


@cache
def _found() -> dict[str, Selector]:
    package = __name__.rpartition(".")[0]
    names = sorted(module.name for module in iter_modules(import_module(package).__path__, package + "."))
    modules = (import_module(name) for name in names)
    found = (module.SELECTOR for module in modules if hasattr(module, "SELECTOR"))
    return {selector.name: selector for selector in found}


def selectors() -> dict[str, Selector]:
    """Every selector by name, in alphabetical order of their files."""
    return dict(_found())


def find_selector(name: str) -> Selector:
    """The selector of that name. Raises InputError that lists what exists."""
    found = _found()
    if name not in found:
        raise InputError(f"there is no selector {name!r}; there are {', '.join(found)}")
    return found[name]
