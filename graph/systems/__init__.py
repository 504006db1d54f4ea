"""All systems of the paper's table 1 by name, and LLMs by themselves."""

from collections.abc import Mapping
from typing import Any, Protocol

from smacs.errors import InputError
from smacs.graph.baselines.majority_voting import build_majority_voting_graph
from smacs.graph.baselines.moa import build_moa_graph
from smacs.graph.baselines.self_consistency import build_self_consistency_graph
from smacs.graph.baselines.self_moa import build_self_moa_graph
from smacs.graph.baselines.simple_router import build_simple_router_graph
from smacs.graph.baselines.single_llm import build_single_llm_graph
from smacs.graph.baselines.symbolic_moe import build_symbolic_moe_graph
from smacs.graph.build import build_graph
from smacs.graph.frame import AnyBank, AnyPool, AnySettings, Graph
from smacs.pool.prompts import Prompts

__all__ = ["SINGLE_LLM", "SYSTEMS", "Builder", "build_single_llm_graph", "build_system"]

SINGLE_LLM = "single_llm"


class Builder(Protocol):
    """What makes the uncompiled graph of a system."""

    def __call__(
        self, pool: AnyPool = ..., bank: AnyBank = ..., *, settings: AnySettings = ..., prompts: Prompts | None = ...
    ) -> Graph:
        """See `build_graph`."""
        ...


SYSTEMS: dict[str, Builder] = {
    "smacs": build_graph,
    "simple_router": build_simple_router_graph,
    "majority_voting": build_majority_voting_graph,
    "self_consistency": build_self_consistency_graph,
    "self_moa": build_self_moa_graph,
    "moa": build_moa_graph,
    "symbolic_moe": build_symbolic_moe_graph,
    SINGLE_LLM: build_single_llm_graph,
}


def build_system(
    name: str,
    pool: AnyPool,
    bank: AnyBank,
    settings: Mapping[str, Any],
    *,
    under: Mapping[str, Any] | None = None,
    prompts: Prompts | None = None,
) -> Graph:
    """The graph of the system of that name; settings `under` those given are left aside where it has no use for them.

    Raises InputError for another name, or one of `settings` that it has no use for.
    """
    if name not in SYSTEMS:
        raise InputError(f"There is no system {name!r}: expected one of {', '.join(SYSTEMS)}.")
    graph = SYSTEMS[name](pool, bank, settings={**(under or {}), **settings}, prompts=prompts)
    uses = graph.context_schema.model_fields if graph.context_schema else {}
    unused = [setting for setting in settings if setting not in uses]
    if unused:
        raise InputError(f"Setting {unused[0]}: {name} has no use for it; it has {', '.join(uses)}.")
    return graph
