"""Best reference: the answer of the LLM with the highest prior, as it is."""

from typing import Any

from smacs.nodes.prior_drop import Referenced
from smacs.nodes.shared.records import answer_with_reference, at_least_one, shortfall
from smacs.nodes.shared.run import Tools


async def best_reference(state: Referenced, tools: Tools) -> dict[str, Any]:
    """Answer with the first reference. Raises NoAnswerError when there is none."""
    first = at_least_one(state["references"])[0]
    return answer_with_reference(first, tools, shortfall(state["references"], state["samples"]))
