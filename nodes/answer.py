"""The end of every system: an answer, what it was selected from, and why it is less than it could be."""

from collections.abc import Sequence
from typing import Any

from smacs.nodes.records import Candidate, Reference
from smacs.nodes.run import Tools


def answer_with_candidate(winner: Candidate, position: int, tools: Tools) -> dict[str, Any]:
    """The update of the node that answers with a candidate."""
    return _answer(winner["text"], winner["aggregator"], winner["finish"], position, tools, [])


def answer_with_reference(record: Reference, tools: Tools, reasons: Sequence[str]) -> dict[str, Any]:
    """The update of the node that answers with a reference."""
    return _answer(record["text"], record["llm"], record["finish"], None, tools, reasons)


def _answer(
    text: str, llm: str, finish: str, candidate: int | None, tools: Tools, reasons: Sequence[str]
) -> dict[str, Any]:
    from langchain_core.messages import AIMessage

    selected = {"candidate": candidate, "llm": llm, "finish": finish}
    tools.emit({"event": "selected", **selected, "answer": text})
    return {"answer": text, "selected": selected, "messages": [AIMessage(text)], "degraded": list(reasons)}
