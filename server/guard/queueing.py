"""Waiting one's turn: a request that calls LLMs gets a place of the queue, or 429; one whose client left, neither."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.body import read_body, replay, until_left
from smacs.server.guard.paths import asks
from smacs.server.guard.queue import Queue, QueueFullError
from smacs.server.guard.refusal import Refusal, refuse


class Queueing:
    """Hand a request on once it is there whole, within `upload` seconds, and has a place."""

    def __init__(self, app: ASGIApp, *, queue: Queue, upload: float, retry_after: float) -> None:
        self.app = app
        self.queue = queue
        self.upload = upload
        text = "The server is busy: all places are taken, and as many requests wait as may. Ask again later."
        self._full = Refusal(429, "queue", text, "server_busy", retry_after)
        text = f"The body did not arrive within {upload:g} seconds."
        self._late = Refusal(408, "upload", text, "request_timeout")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when it is the turn of the request."""
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


async def _before(wanted: Coroutine[Any, Any, None], end: Coroutine[Any, Any, None]) -> bool:
    """Whether `wanted` was done before `end`, which cancels it."""
    tasks = asyncio.ensure_future(wanted), asyncio.ensure_future(end)
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
