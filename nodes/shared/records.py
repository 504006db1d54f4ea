"""The records that nodes hand on: references, candidates, what calls cost; and the states that several nodes read."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from typing_extensions import TypedDict

from smacs.errors import NoAnswerError
from smacs.nodes.shared.question import Asked
from smacs.nodes.shared.run import Run, Tools
from smacs.pool.calls.replies import Failure, Reply

Usage = dict[str, int]  # calls, failed, prompt_tokens, completion_tokens


class Reference(TypedDict):
    """One record for each call, of several samples one for each: `rank` and `prior` of the LLM, its text or its
    error. Seconds are of this call alone; tokens of one that gave several samples are shared out equally. `finish` is
    why the LLM ended, as its server said it: `length` where `max_tokens` cut it."""

    llm: str
    sample: int
    rank: int
    prior: float
    text: str
    reasoning: str
    finish: str
    tokens: int
    seconds: float
    error: str | None


class Candidate(TypedDict):
    """One candidate: `index` is its subset's position among the n, `logprob` the mean over its own generated
    tokens. Without others to compare it with it has no similarity and no score."""

    index: int
    text: str
    reasoning: str
    finish: str
    subset: list[str]
    aggregator: str
    logprob: float | None
    perplexity: float | None
    similarity: float | None
    score: float | None


class RetrievalState(TypedDict):
    """What nodes read once the support is there."""

    asked: Asked
    run: Run | None


class ReferencesState(TypedDict):
    """What nodes read once the references are there; `samples`: LLM -> how many were asked for."""

    asked: Asked
    samples: dict[str, int]
    references: list[Reference]
    run: Run | None


def name_of(record: Reference) -> str:
    """What subsets call a reference: its LLM, with a number for each further sample of that LLM, `gemma #2`."""
    return record["llm"] if record["sample"] == 0 else f"{record['llm']} #{record['sample'] + 1}"


def usage_of(result: Reply | Failure) -> Usage:
    """What one call cost."""
    if isinstance(result, Failure):
        return {"calls": 1, "failed": 1, "prompt_tokens": 0, "completion_tokens": 0}
    return {
        "calls": 1,
        "failed": 0,
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": result.completion_tokens,
    }


def unread(result: Reply | Failure) -> list[str]:
    """What of a reply was left out or read in another way than is usual, as reasons why an answer is degraded."""
    notes = result.notes if isinstance(result, Reply) else ()
    return [f"not all of a reply could be read: {note}" for note in notes]


def add_usage(left: Usage, right: Usage) -> Usage:
    """The sum of two costs, key by key."""
    keys = ("calls", "failed", "prompt_tokens", "completion_tokens")
    return {key: left.get(key, 0) + right.get(key, 0) for key in keys}


def total_usage(usages: Iterable[Usage]) -> Usage:
    """The sum of several calls' costs."""
    return reduce(add_usage, usages, {})


def arrived(references: Sequence[Reference]) -> list[Reference]:
    """The references that have a text, in the order given."""
    return [record for record in references if record["error"] is None]


def shortfall(references: Sequence[Reference], samples: Mapping[str, int]) -> list[str]:
    """Who failed and why, and how many are missing of the `samples` (LLM -> how many) that were asked for."""
    reasons = [f"a referencer failed: {record['error']}" for record in references if record["error"] is not None]
    here, wanted = len(arrived(references)), sum(samples.values())
    return reasons if here >= wanted else [*reasons, f"only {here} of {wanted} references arrived"]


def at_least_one(references: Sequence[Reference]) -> list[Reference]:
    """The references that arrived; NoAnswerError lists who failed when there is none."""
    here = arrived(references)
    if not here:
        failures = "\n".join(f"- {record['error']}" for record in references)
        raise NoAnswerError(f"No LLM answered. Expected at least one reference, but every call failed:\n{failures}")
    return here


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
