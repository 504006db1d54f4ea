"""The queue: so many requests are answered at once, so many may wait, and the next one is refused."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from smacs.pool.calls.limits import Limiter


class QueueFullError(Exception):
    """All places are taken, and as many wait as may."""


class Queue:
    """`running` places; at most `bound` wait for one, and get it in the order they came."""

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
        """Hold a place, from one's turn on. Raises QueueFullError."""
        if not self.free and self.waiting >= self._bound:
            raise QueueFullError
        async with AsyncExitStack() as stack:
            self.waiting += 1
            try:
                await stack.enter_async_context(self._places.slot())
            finally:
                self.waiting -= 1
            yield
