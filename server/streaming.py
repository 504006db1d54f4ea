"""A reply as server-sent events: the role at once, progress as reasoning while it works, then the answer."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from smacs.graph.events import words
from smacs.server.engine import Engine, Event
from smacs.server.errors import error_body
from smacs.server.hangup import HungUpError, unless_hung_up
from smacs.server.job import Job
from smacs.server.lines import DONE
from smacs.server.lines import event as event_line
from smacs.server.replies import Chunk, ChunkChoice, Delta, Result, about, ending, usage_of
from smacs.server.runs import WAITING, events_of

PIECE = 256  # characters of one chunk of the answer
ALIVE = b": working\n\n"  # a comment, so that no proxy takes a quiet stream for a dead one


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
    said = {"event": event} if job.events else msgspec.UNSET
    line = ": ".join(filter(None, words(event)))
    return _event(job, index, Delta(reasoning_content=f"{line}\n"), smacs=said)


def _answer(job: Job, index: int, results: dict[int, Result]) -> Iterator[bytes]:
    """The answer in pieces and its end; what is said about all choices goes with the last chunk of the stream."""
    text, finish = ending(results[index], job.stop)
    for start in range(0, len(text), PIECE):
        yield _event(job, index, Delta(content=text[start : start + PIECE]))
    last = len(results) == len(job.settings) and not job.usage
    said = about(job, in_order(results)) if last else msgspec.UNSET
    yield _event(job, index, Delta(), finish=finish, smacs=said)


def _event(
    job: Job,
    index: int,
    delta: Delta,
    *,
    finish: str | None = None,
    smacs: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET,
) -> bytes:
    chunk = Chunk(job.id, job.created, job.model, [ChunkChoice(index, delta, finish)], smacs=smacs)
    return event_line(chunk)
