"""The queue: a fixed number of requests is answered at once, a fixed number may wait, and the next one is refused.

A request that calls LLMs gets a place of the queue, or 429. One whose client has left gets neither.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.pool.calls.limits import Limiter
from smacs.server.guard.refusal import Refusal, refuse
from smacs.server.guard.request import asks, read_body, replay, until_left


class QueueFullError(Exception):
    """All places are taken, and no more may wait."""


class Queue:
    """`running` places; at most `bound` requests wait for one, and get it in the order in which they came."""

    def __init__(self, running: int, bound: int) -> None:
        self._places = Limiter(running)
        self._bound = bound
        self.waiting = 0

    @property
    def running(self) -> int:
        """Requests that have a place."""
        return self._places.in_flight

    @property
    def free(self) -> bool:
        """Whether there is a place at once."""
        return self.running < self._places.limit

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it. Raises QueueFullError."""
        if not self.free and self.waiting >= self._bound:
            raise QueueFullError
        async with AsyncExitStack() as stack:
            self.waiting += 1
            try:
                await stack.enter_async_context(self._places.slot())
            finally:
                self.waiting -= 1
            yield


class Queueing:
    """Passes a request on once all of it has arrived, within `upload` seconds, and it has a place."""

    def __init__(self, app: ASGIApp, *, queue: Queue, upload: float, retry_after: float) -> None:
        self.app = app
        self.queue = queue
        self.upload = upload
        text = "The server is busy: all places are taken, and as many requests wait as may. Ask again later."
        self._full = Refusal(429, "queue", text, "server_busy", retry_after)
        text = f"The body did not arrive within {upload:g} seconds."
        self._late = Refusal(408, "upload", text, "request_timeout")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when it is the request's turn."""
        if scope["type"] != "http" or not asks(scope):
            return await self.app(scope, receive, send)
        try:
            async with AsyncExitStack() as places:
                body = await self._arrival(receive)
                await self._turn(places, receive)
                return await self.app(scope, replay(body, receive), send)
        except _NotInTimeError:
            return await refuse(scope, receive, send, self._late)
        except QueueFullError:
            return await refuse(scope, receive, send, self._full)
        except ClientDisconnect:
            return None

    async def _arrival(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self.upload) as limit:
                return await read_body(receive)
        except TimeoutError:
            if limit.expired():
                raise _NotInTimeError from None
            raise

    async def _turn(self, places: AsyncExitStack, receive: Receive) -> None:
        """Take a place. Raises QueueFullError, and ClientDisconnect when the client did not wait."""
        turn = places.enter_async_context(self.queue.place())
        if self.queue.free:
            await turn
        elif not await _before(turn, until_left(receive)):
            raise ClientDisconnect


class _NotInTimeError(Exception):
    pass


async def _before(work: Coroutine[Any, Any, None], end: Coroutine[Any, Any, None]) -> bool:
    """Whether `work` was done before `end`, which cancels it."""
    tasks = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if tasks[0].cancelled():
        return False
    tasks[0].result()
    return True
