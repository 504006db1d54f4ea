"""Work that many callers want at the same time is done once, in whatever threads and event loops they are."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Once(Generic[K, T]):
    """Runs work by key: a caller whose key is being worked on waits for that result.

    The key says what is made, `means` what a caller makes it with (an embedder that may be down, or none). A caller
    with other means shares the result, but not an error: it then does the work itself. Nothing is remembered: a later
    caller starts anew.
    """

    def __init__(self) -> None:
        self._running: dict[K, tuple[Future[T], object]] = {}

    async def run(self, key: K, work: Callable[[], Awaitable[T]], *, means: object = None) -> T:
        """Run `work`, or wait for the caller that does; if that one is cancelled, one that waits takes over."""
        while True:
            mine: Future[T] = Future()
            mine.set_running_or_notify_cancel()  # a waiter that is cancelled must not cancel it for the others
            running, theirs = self._running.setdefault(key, (mine, means))  # atomic: no lock that could block a loop
            if running is mine:
                return await self._work(key, mine, work)
            try:
                return await asyncio.wrap_future(running)
            except _GivenUpError:
                continue
            except Exception:
                if theirs == means:
                    raise

    async def _work(self, key: K, future: Future[T], work: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await work()
        except BaseException as error:
            del self._running[key]
            future.set_exception(error if isinstance(error, Exception) else _GivenUpError())
            raise
        del self._running[key]
        future.set_result(result)
        return result


class _GivenUpError(Exception):
    """The caller that did the work was cancelled."""
