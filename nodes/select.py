"""Select: the candidate with the largest score is the answer.

Ties go to the lower perplexity, then to the lower index. Without any candidate (every aggregator failed) the
reference with the highest prior is the answer, marked degraded.
"""

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from smacs.nodes.records import Candidate
from smacs.nodes.run import Tools
from smacs.pool.errors import NoAnswerError


class Scored(TypedDict):
    """What `select` reads."""

    references: list[dict[str, Any]]
    candidates: list[Candidate]
    degraded: list[str]


def best(scores: Sequence[float], perplexities: Sequence[float | None]) -> int:
    """Position of the largest score; ties: lower perplexity (unknown last), then lower position."""
    unknown = float("inf")
    keys = [
        (-score, unknown if perplexity is None else perplexity, position)
        for position, (score, perplexity) in enumerate(zip(scores, perplexities, strict=True))
    ]
    return min(keys)[2]


async def select(state: Scored, tools: Tools) -> dict[str, Any]:
    """Choose the answer. Raises NoAnswerError when no LLM gave a usable reply."""
    from langchain_core.messages import AIMessage

    candidates = state["candidates"]
    if candidates:
        position = best([c["score"] for c in candidates], [c["perplexity"] for c in candidates])
        answer = candidates[position]["text"]
        selected: dict[str, Any] = {"candidate": position, "llm": candidates[position]["aggregator"]}
        reasons = []
    else:
        reference = _best_reference(state)
        answer, selected = reference["text"], {"candidate": None, "llm": reference["llm"]}
        reasons = [f"no candidate could be made: the answer is the reference of {reference['llm']}, the highest prior"]
    tools.emit({"event": "selected", **selected, "answer": answer})
    return {"answer": answer, "selected": selected, "messages": [AIMessage(answer)], "degraded": reasons}


def _best_reference(state: Scored) -> dict[str, Any]:
    for record in state["references"]:
        if record["error"] is None:
            return record
    failures = "\n".join(f"- {record['error']}" for record in state["references"])
    raise NoAnswerError(f"No LLM answered. Expected at least one reference, but every call failed:\n{failures}")
