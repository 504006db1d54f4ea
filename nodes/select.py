"""Select: the candidate with the largest score is the answer.

Ties go to the lower perplexity, then to the lower index; a single candidate needs no score. Without any candidate
(every aggregator failed) the reference with the highest prior is the answer, marked degraded.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from smacs.nodes.shared.determinism import places
from smacs.nodes.shared.records import Candidate, Reference, answer_with_candidate, answer_with_reference, at_least_one
from smacs.nodes.shared.run import Tools


class SelectionState(TypedDict):
    """What `select` reads."""

    references: list[Reference]
    candidates: list[Candidate]


def best(scores: Sequence[float | None], perplexities: Sequence[float | None]) -> int:
    """Position of the largest score; ties: lower perplexity (unknown last), then lower position."""
    largest = places(np.array([score or 0.0 for score in scores]))
    surest = places(-np.array([np.inf if perplexity is None else perplexity for perplexity in perplexities]))
    return int(np.lexsort((surest, largest))[0])


async def select(state: SelectionState, tools: Tools) -> dict[str, Any]:
    """Choose the answer. Raises NoAnswerError when no LLM gave a usable reply."""
    candidates = state["candidates"]
    if candidates:
        position = best([c["score"] for c in candidates], [c["perplexity"] for c in candidates])
        return answer_with_candidate(candidates[position], position, tools)
    reference = at_least_one(state["references"])[0]
    reason = f"no candidate could be made: the answer is the reference of {reference['llm']}, the highest prior"
    return answer_with_reference(reference, tools, [reason])
