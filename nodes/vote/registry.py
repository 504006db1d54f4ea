"""The vote rules that exist: the files of this package."""

from functools import cache

from smacs.nodes.vote.rule import Rule
from smacs.plugins import find, listed


@cache
def _found() -> dict[str, Rule]:
    return listed(__name__.rpartition(".")[0], "RULE")


def rules() -> dict[str, Rule]:
    """Every rule by name, in alphabetical order of their files."""
    return dict(_found())


def find_rule(name: str) -> Rule:
    """The rule of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "vote rule")
