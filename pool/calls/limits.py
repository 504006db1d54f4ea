"""A limit of calls in flight that holds across questions, threads and event loops.

`asyncio.Semaphore` belongs to one event loop; a pool may serve several (a web server, `graph.invoke` from threads),
and an endpoint has one capacity for all of them.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Limiter:
    """At most `limit` holders at once; waiters are served in the order they came."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self._lock = threading.Lock()
        self._waiters: deque[_Waiter] = deque()

    def resize(self, limit: int) -> None:
        """At most `limit` holders from now on; those in excess stay until they leave."""
        with self._lock:
            self.limit = limit
            self._admit()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    async def _acquire(self) -> None:
        with self._lock:
            if self.in_flight < self.limit:
                self.in_flight += 1
                return
            loop = asyncio.get_running_loop()
            waiter: _Waiter = (loop, loop.create_future())
            self._waiters.append(waiter)
        try:
            await waiter[1]
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: _Waiter) -> None:
        """Leave the queue; a slot that was handed over in the same moment is passed on."""
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                return
        self._release()

    def _release(self) -> None:
        with self._lock:
            self.in_flight -= 1
            self._admit()

    def _admit(self) -> None:
        """Give the free slots to those who wait, with the lock held."""
        while self._waiters and self.in_flight < self.limit:
            loop, future = self._waiters.popleft()
            try:
                loop.call_soon_threadsafe(_wake, future)
            except RuntimeError:  # its event loop was closed while it waited
                continue
            self.in_flight += 1


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
