"""References as they are: `gather` has one candidate made of all of them, `best_reference` answers with the first."""

from typing import Any

from smacs.nodes.shared.records import ReferencesState, answer_with_reference, arrived, at_least_one, name_of, shortfall
from smacs.nodes.shared.run import Tools


async def gather(state: ReferencesState, tools: Tools) -> dict[str, Any]:  # noqa: ARG001
    """One subset of all references in descending order of prior; none when none arrived."""
    names = [name_of(record) for record in arrived(state["references"])]
    return {"subsets": [names] if names else [], "degraded": shortfall(state["references"], state["samples"])}


async def best_reference(state: ReferencesState, tools: Tools) -> dict[str, Any]:
    """The answer of the LLM with the highest prior. Raises NoAnswerError when there is none."""
    first = at_least_one(state["references"])[0]
    return answer_with_reference(first, tools, shortfall(state["references"], state["samples"]))
