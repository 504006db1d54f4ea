"""Pools that an evaluation uses: one for all its models and samples, whose servers stop when the evaluation ends."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from inspect_ai.hooks import Hooks, RunEnd, hooks

from smacs.errors import InputError
from smacs.pool.pool import Pool, find_pool

_shared: dict[Path | Pool, "SharedPool"] = {}
_started: set["SharedPool"] = set()


class SharedPool:
    """A pool whose LLMs are started by the first question that needs them, in whatever event loop."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._lock = threading.Lock()
        self._stack = ExitStack()

    async def start(self, names: Sequence[str]) -> None:
        """Start those of the LLMs that are launched here and not up. Raises ModelFileError, ServerError, InputError."""
        try:
            asyncio.get_running_loop()
        except RuntimeError as error:
            raise InputError("Expected the backend asyncio, Inspect's default: unset INSPECT_ASYNC_BACKEND.") from error
        _close_at_run_end()
        if self not in _started or self._missing(names):
            await asyncio.to_thread(self._start, names)

    async def aclose(self) -> None:
        """Close the connections, and stop the servers that `start` has started."""
        _started.discard(self)
        await self.pool.aclose()
        await asyncio.to_thread(self._stack.close)

    def _start(self, names: Sequence[str]) -> None:
        with self._lock:
            _started.add(self)
            if missing := self._missing(names):
                self._stack.enter_context(self.pool.running(missing))

    def _missing(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if self.pool.llms[name].endpoint is None]


def shared_pool(pool: Pool | str | Path) -> SharedPool:
    """The same for all models of one pool or pool file until the evaluation ends, so that its limits hold for all.

    Raises PoolError.
    """
    key = pool if isinstance(pool, Pool) else find_pool(pool).resolve()
    if key not in _shared:
        _shared[key] = SharedPool(key if isinstance(key, Pool) else Pool.load(key))
    return _shared[key]


def any_started() -> bool:
    """Whether there is anything to close."""
    return bool(_started)


async def close_all() -> None:
    """Close every pool that was started, and read pool files anew from now on."""
    _shared.clear()
    for shared in list(_started):
        await shared.aclose()


class CloseAtRunEnd(Hooks):
    """Closes the pools when an evaluation ends, however it ends."""

    def enabled(self) -> bool:
        """Only while a pool is open: evaluations without SMACS never see this hook."""
        return any_started()

    async def on_run_end(self, data: RunEnd) -> None:  # noqa: ARG002
        """Close all pools."""
        await close_all()


@cache
def _close_at_run_end() -> None:
    """Registered by the first question, since Inspect prints a line about hooks that are there when it starts."""
    hooks(name="close_pools", description="Closes the pools that SMACS has opened.")(CloseAtRunEnd)
