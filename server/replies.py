"""The replies of `/v1/chat/completions`: OpenAI's shapes, with `smacs` beside them."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from smacs.nodes.shared.remarks import each_once
from smacs.server.job import Job

Result = dict[str, Any]


class Message(Struct, frozen=True):
    """The answer."""

    content: str
    role: str = "assistant"
    refusal: str | None = None


class Choice(Struct, frozen=True):
    """One answer of several."""

    index: int
    message: Message
    finish_reason: str
    logprobs: None = None


class Usage(Struct, frozen=True):
    """Tokens of every call made inside, of all choices."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(Struct, frozen=True):
    """A whole reply."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    smacs: dict[str, Any]
    object: str = "chat.completion"


class Delta(Struct, frozen=True):
    """What a chunk adds."""

    role: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET


class ChunkChoice(Struct, frozen=True):
    """What a chunk adds to one choice."""

    index: int
    delta: Delta
    finish_reason: str | None = None


class Chunk(Struct, frozen=True):
    """One event of a stream."""

    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | UnsetType = UNSET
    smacs: dict[str, Any] | UnsetType = UNSET
    object: str = "chat.completion.chunk"


def completion(job: Job, results: Sequence[Result]) -> Completion:
    """The reply of a job, from the results of its runs."""
    ends = [ending(result, job.stop) for result in results]
    choices = [Choice(index, Message(text), finish) for index, (text, finish) in enumerate(ends)]
    return Completion(job.id, job.created, job.model, choices, usage_of(results), about(job, results))


def ending(result: Result, stop: Sequence[str]) -> tuple[str, str]:
    """The answer before the first of the stop strings, and why it ends there: `length` where `max_tokens` cut it."""
    text = result["answer"]
    found = [position for string in stop if (position := text.find(string)) >= 0]
    if found:
        return text[: min(found)], "stop"
    return text, "length" if result["selected"]["finish"] == "length" else "stop"


def usage_of(results: Sequence[Result]) -> Usage:
    """Tokens of every call that all runs have made."""
    prompt = sum(result["usage"]["prompt_tokens"] for result in results)
    written = sum(result["usage"]["completion_tokens"] for result in results)
    return Usage(prompt, written, prompt + written)


def about(job: Job, results: Sequence[Result]) -> dict[str, Any]:
    """Why the answer is less than it could be, and on request the trace; of several choices one for each."""
    said: dict[str, Any] = {"degraded": each_once(reason for result in results for reason in result["degraded"])}
    if job.trace:
        said |= {"trace": results[0]} if len(results) == 1 else {"traces": list(results)}
    return said
