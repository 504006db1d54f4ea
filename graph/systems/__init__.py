"""The systems of the paper's table 1 and LLMs by themselves, one a file; each file has the entry `SYSTEM`.

A new system is a new file here and its line in `langgraph.json`. Names cost nothing; the entries import LangGraph.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from smacs.errors import InputError
from smacs.plugins import listed, names

if TYPE_CHECKING:
    from smacs.graph.system import AnyBank, AnyPool, Graph, System
    from smacs.pool.prompts import Prompts

SMACS = "smacs"
SINGLE_LLM = "single_llm"  # each LLM of a pool by itself; users name the LLM, not this system


def system_names() -> list[str]:
    """The names of all systems: SMACS, then the others in alphabetical order."""
    return [SMACS, *names(__name__)]


@cache
def systems() -> "Mapping[str, System]":
    """The entries of all systems by name, in the order of their names."""
    from smacs.graph.build import SYSTEM  # here, so that names and `import smacs` do not import LangGraph

    return {SMACS: SYSTEM, **listed(__name__, "SYSTEM")}


def build_system(
    name: str,
    pool: "AnyPool",
    bank: "AnyBank",
    settings: Mapping[str, Any],
    *,
    under: Mapping[str, Any] | None = None,
    prompts: "Prompts | None" = None,
) -> "Graph":
    """The graph of the system of that name; settings `under` those given are ignored where it has no use for them.

    Raises InputError for another name, or one of `settings` that it has no use for.
    """
    if name not in systems():
        raise InputError(f"There is no system {name!r}: expected one of {', '.join(systems())}.")
    graph = systems()[name].build(pool, bank, settings={**(under or {}), **settings}, prompts=prompts)
    uses = graph.context_schema.model_fields if graph.context_schema else {}
    unused = [setting for setting in settings if setting not in uses]
    if unused:
        raise InputError(f"Setting {unused[0]}: {name} has no use for it; it has {', '.join(uses)}.")
    return graph
