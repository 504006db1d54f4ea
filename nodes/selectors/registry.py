"""The selectors that exist: the files of this package."""

from functools import cache

from smacs.nodes.selectors.selector import Selector
from smacs.plugins import find, listed


@cache
def _found() -> dict[str, Selector]:
    return listed(__name__.rpartition(".")[0], "SELECTOR")


def selectors() -> dict[str, Selector]:
    """Every selector by name, in alphabetical order of their files."""
    return dict(_found())


def find_selector(name: str) -> Selector:
    """The selector of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "selector")
