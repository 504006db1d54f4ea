"""Best reference: the answer of the LLM with the highest prior, as it is."""

from typing import Any

from smacs.nodes.answer import answer_with_reference
from smacs.nodes.arrivals import at_least_one, shortfall
from smacs.nodes.prior_drop import Referenced
from smacs.nodes.run import Tools


async def best_reference(state: Referenced, tools: Tools) -> dict[str, Any]:
    """Answer with the first reference. Raises NoAnswerError when there is none."""
    first = at_least_one(state["references"])[0]
    return answer_with_reference(first, tools, shortfall(state["references"], state["samples"]))
