"""The life of a request: each one that calls LLMs has a deadline, and none begins while the server stops.

Drain: from SIGTERM on no new request begins, those that run may end within the grace period, then the server stops.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.refusal import Refusal, WatchedSend, cut_off, refuse
from smacs.server.guard.request import asks, is_health, is_outside

CLOSING = 5.0  # seconds that a request which is cut off has to end

log = logging.getLogger(__name__)


class Drain:
    """The requests that run, and whether the server is about to stop; `grace` in seconds."""

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.draining = False
        self._running: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """How many requests run."""
        return len(self._running)

    @asynccontextmanager
    async def request(self, limit: float | None) -> AsyncIterator[asyncio.Timeout]:
        """Around a request: for at most `limit` seconds and not beyond the grace period. Raises TimeoutError."""
        async with asyncio.timeout(limit) as timeout:
            with self._counted(timeout):
                yield timeout

    @asynccontextmanager
    async def on_sigterm(self) -> AsyncIterator[None]:
        """Drain at the first SIGTERM and then leave the signal to the server; the second one ends the grace period."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        server = signal.getsignal(signal.SIGTERM) or signal.SIG_DFL

        def hand_on() -> None:
            signal.signal(signal.SIGTERM, server)
            signal.raise_signal(signal.SIGTERM)

        def start() -> None:
            self._task = loop.create_task(self.drain())
            self._task.add_done_callback(lambda _: hand_on())

        def begin(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.cut if self._task else start)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, server)

    async def drain(self) -> None:
        """Begin nothing new, and return when nothing runs any more."""
        self.draining = True
        log.info("stopping: %d requests may end within %g seconds", self.running, self.grace)
        end = asyncio.get_running_loop().call_later(self.grace, self.cut)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.grace + CLOSING):
                await self._until_idle()
        end.cancel()

    def cut(self) -> None:
        """Cut off what still runs."""
        if self._running:
            log.warning("stopping: %d requests are cut off", self.running)
        for timeout in self._running:
            if not timeout.expired():
                timeout.reschedule(asyncio.get_running_loop().time())

    async def _until_idle(self) -> None:
        while self._running:
            self._idle.clear()
            await self._idle.wait()

    @contextmanager
    def _counted(self, timeout: asyncio.Timeout) -> Iterator[None]:
        self._running.add(timeout)
        try:
            yield
        finally:
            self._running.discard(timeout)
            if not self._running:
                self._idle.set()


class Lifetime:
    """Refuses with 503 while draining; cuts off after `deadline` seconds (504) or when the grace period ends (503)."""

    def __init__(self, app: ASGIApp, *, drain: Drain, deadline: float, retry_after: float) -> None:
        self.app = app
        self.drain = drain
        self.deadline = deadline
        text = "The server is stopping. Ask again: another one takes over, or this one is back soon."
        self._stopping = Refusal(503, "draining", text, "server_stopping", retry_after)
        text = f"There was no answer within {deadline:g} seconds, waiting included. Ask again when there is less load."
        self._late = Refusal(504, "deadline", text, "deadline_exceeded")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in time, or say why not."""
        if not is_outside(scope) or is_health(scope):
            return await self.app(scope, receive, send)
        if self.drain.draining:
            return await refuse(scope, receive, send, self._stopping)
        reply = WatchedSend(send)
        limit = self.deadline if asks(scope) else None
        try:
            async with self.drain.request(limit) as timeout:
                return await self.app(scope, receive, reply)
        except TimeoutError:
            if not timeout.expired():
                raise
            refusal = self._stopping if self.drain.draining else self._late
            return await cut_off(scope, receive, reply, refusal)
