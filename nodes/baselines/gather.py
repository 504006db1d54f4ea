"""Gather: all references that arrived are what one candidate is made from."""

from typing import Any

from smacs.nodes.prior_drop import Referenced
from smacs.nodes.shared.records import arrived, name_of, shortfall
from smacs.nodes.shared.run import Tools


async def gather(state: Referenced, tools: Tools) -> dict[str, Any]:  # noqa: ARG001
    """One subset of all references in descending order of prior; none when none arrived."""
    names = [name_of(record) for record in arrived(state["references"])]
    return {"subsets": [names] if names else [], "degraded": shortfall(state["references"], state["samples"])}
