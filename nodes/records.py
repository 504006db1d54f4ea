"""The records that nodes hand on: references, candidates, and what the calls cost."""

from collections.abc import Iterable
from functools import reduce

from typing_extensions import TypedDict

from smacs.pool.replies import Failure, Reply

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
