"""All rules, found by listing this package's modules: a new one is one file and no other edit."""

import pkgutil
from importlib import import_module

from smacs.nodes import vote
from smacs.nodes.vote.rule import Rule
from smacs.pool.errors import InputError


def rules() -> dict[str, Rule]:
    """Every rule by name, in alphabetical order."""
    modules = [import_module(f"{vote.__name__}.{found.name}") for found in pkgutil.iter_modules(vote.__path__)]
    listed: list[Rule] = [module.RULE for module in modules if hasattr(module, "RULE")]
    return {rule.name: rule for rule in sorted(listed, key=lambda rule: rule.name)}


def find_rule(name: str) -> Rule:
    """The rule called `name`; `InputError` lists what exists."""
    known = rules()
    if name not in known:
        raise InputError(f"there is no vote rule {name!r}; expected one of: {', '.join(known)}")
    return known[name]
