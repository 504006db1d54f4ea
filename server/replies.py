"""The replies of `/v1/chat/completions`: OpenAI's shapes with `smacs` beside them, whole or as server-sent events.

A stream has the role at once, progress as reasoning while the runs work, then the answer in pieces.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from smacs.graph.events import words
from smacs.nodes.shared.remarks import each_once
from smacs.server.engine import Engine, Event
from smacs.server.errors import error_body
from smacs.server.job import WAITING, HungUpError, Job, events_of, unless_hung_up
from smacs.server.lines import DONE, event_line

PIECE = 256  # characters of one chunk of the answer
ALIVE = b": working\n\n"  # a comment, so that no proxy takes a quiet stream for a dead one

Result = dict[str, Any]


class Message(Struct, frozen=True):
    """The answer."""

    content: str
    role: str = "assistant"
    refusal: str | None = None


class CompletionChoice(Struct, frozen=True):
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
    choices: list[CompletionChoice]
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
    choices = [CompletionChoice(index, Message(text), finish) for index, (text, finish) in enumerate(ends)]
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


class EventStream(Response):
    """Each piece is sent as soon as it is there; a client that hangs up ends it all."""

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        with suppress(HungUpError):
            await unless_hung_up(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def stream(job: Job, engine: Engine) -> AsyncGenerator[bytes, None]:
    """All events of a job's stream; an error after its beginning is one of them."""
    for index in range(len(job.settings)):
        yield _event(job, index, Delta(role="assistant", content=""))
    try:
        async with aclosing(_chunks(job, engine)) as chunks:
            async for chunk in chunks:
                yield chunk
    except Exception as error:
        yield event_line(error_body(error)[1])
    yield DONE


async def _chunks(job: Job, engine: Engine) -> AsyncGenerator[bytes, None]:
    results: dict[int, Result] = {}
    async with aclosing(events_of(job, engine)) as events:
        async for index, event in events:
            if event is WAITING:
                yield ALIVE
            elif event["event"] != "result":
                yield _progress(job, index, event)
            else:
                results[index] = event["result"]
                for chunk in _answer(job, index, results):
                    yield chunk
    if job.usage:
        ordered = in_order(results)
        end = Chunk(job.id, job.created, job.model, [], usage=usage_of(ordered), smacs=about(job, ordered))
        yield event_line(end)


def in_order(results: dict[int, Result]) -> list[Result]:
    """Results by the index of their choice."""
    return [results[index] for index in sorted(results)]


def _progress(job: Job, index: int, event: Event) -> bytes:
    said = {"event": event} if job.events else UNSET
    line = ": ".join(filter(None, words(event)))
    return _event(job, index, Delta(reasoning_content=f"{line}\n"), smacs=said)


def _answer(job: Job, index: int, results: dict[int, Result]) -> Iterator[bytes]:
    """The answer in pieces and its end; what is said about all choices goes with the last chunk of the stream."""
    text, finish = ending(results[index], job.stop)
    for start in range(0, len(text), PIECE):
        yield _event(job, index, Delta(content=text[start : start + PIECE]))
    last = len(results) == len(job.settings) and not job.usage
    said = about(job, in_order(results)) if last else UNSET
    yield _event(job, index, Delta(), finish=finish, smacs=said)


def _event(
    job: Job,
    index: int,
    delta: Delta,
    *,
    finish: str | None = None,
    smacs: dict[str, Any] | UnsetType = UNSET,
) -> bytes:
    chunk = Chunk(job.id, job.created, job.model, [ChunkChoice(index, delta, finish)], smacs=smacs)
    return event_line(chunk)
