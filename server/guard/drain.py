"""Drain: from SIGTERM on nothing new is begun, what runs may end within the grace period, then the server stops."""

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

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
        """Requests that run."""
        return len(self._running)

    @asynccontextmanager
    async def request(self, limit: float | None) -> AsyncIterator[asyncio.Timeout]:
        """One that runs, for at most `limit` seconds and not beyond the grace period. Raises TimeoutError."""
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
