"""The records that nodes hand on: references, candidates, and what the calls cost."""

from collections.abc import Iterable
from functools import reduce

from typing_extensions import TypedDict

from smacs.pool.replies import Failure, Reply

Usage = dict[str, int]  # calls, failed, prompt_tokens, completion_tokens


class Reference(TypedDict):
    """One record for each call: `rank` and `prior` of the LLM, its text or its error. Seconds are of this call
    alone."""

    llm: str
    rank: int
    prior: float
    text: str
    reasoning: str
    tokens: int
    seconds: float
    error: str | None


class Candidate(TypedDict, total=False):
    """One candidate: `index` is its subset's position among the n, `logprob` the mean over its own generated
    tokens."""

    index: int
    text: str
    reasoning: str
    subset: list[str]
    aggregator: str
    logprob: float | None
    perplexity: float | None
    similarity: float | None
    score: float


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


def add_usage(left: Usage, right: Usage) -> Usage:
    """The sum of two costs, key by key."""
    keys = ("calls", "failed", "prompt_tokens", "completion_tokens")
    return {key: left.get(key, 0) + right.get(key, 0) for key in keys}


def total_usage(usages: Iterable[Usage]) -> Usage:
    """The sum of several calls' costs."""
    return reduce(add_usage, usages, {})
