"""The end of every system: an answer, what it was selected from, and why it is less than it could be."""

from collections.abc import Sequence
from typing import Any

from smacs.nodes.records import Reference
from smacs.nodes.run import Tools


def answer_with(text: str, llm: str, tools: Tools, *, candidate: int | None, reasons: Sequence[str]) -> dict[str, Any]:
    """The update of the node that answers: `candidate` is the winner's index, None for a reference."""
    from langchain_core.messages import AIMessage

    selected = {"candidate": candidate, "llm": llm}
    tools.emit({"event": "selected", **selected, "answer": text})
    return {"answer": text, "selected": selected, "messages": [AIMessage(text)], "degraded": list(reasons)}


def answer_with_reference(record: Reference, tools: Tools, reasons: Sequence[str]) -> dict[str, Any]:
    """The same, of a reference."""
    return answer_with(record["text"], record["llm"], tools, candidate=None, reasons=reasons)
