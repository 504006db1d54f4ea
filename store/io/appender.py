"""Many things asked side by side, and their results appended to a JSONL file: evaluation, keywords and bench runs.

A slot waits neither for a grader nor for the disk: its next item is asked as soon as a result is here.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from smacs.errors import BankError
from smacs.store.io.jsonl import JsonlWriter

Item = TypeVar("Item")
Result = TypeVar("Result")
Record = TypeVar("Record", bound=msgspec.Struct)

PATIENCE = 50  # failures in a row that end a pass; twice what is asked at once where that is more


class Patience:
    """Counts failures in a row. `stopped` says why the pass is over, empty while it is not."""

    def __init__(self, at_once: int, failures: str = "failures in a row") -> None:
        self.stopped = ""
        self._failures = failures
        self._limit = max(PATIENCE, 2 * at_once)
        self._in_a_row = 0

    def note(self, failure: str) -> None:
        """Why one more item failed; empty for a success, after which the count starts anew."""
        self._in_a_row = self._in_a_row + 1 if failure else 0
        if self._in_a_row == self._limit and not self.stopped:
            self.stopped = f"stopped after {self._in_a_row} {self._failures}: {failure}"


async def ask_all(
    items: Iterable[Item],
    ask: Callable[[Item], Awaitable[Result]],
    keep: Callable[[Item, Result], Awaitable[None]],
    patience: Patience,
    *,
    at_once: int,
) -> None:
    """`ask` every item, `at_once` at a time, and `keep` each result meanwhile, until `patience` is over.

    The first error that either raises ends it.
    """
    left = iter(items)
    room = asyncio.Semaphore(2 * at_once)  # results that are here and not kept yet

    async def kept(item: Item, result: Result) -> None:
        try:
            await keep(item, result)
        finally:
            room.release()

    async def slot() -> None:
        for item in left:
            result = await ask(item)
            await room.acquire()
            group.create_task(kept(item, result))
            if patience.stopped:
                return

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(slot())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


class Appender(Generic[Record]):
    """Appends through `writer`, those that wait with one fsync; `on_written` gets each group that is on the disk."""

    def __init__(self, writer: JsonlWriter, on_written: Callable[[Sequence[Record]], None] = lambda _: None) -> None:
        self._writer = writer
        self._on_written = on_written
        self._waiting: deque[Record] = deque()
        self._turn = asyncio.Lock()
        self._disk = Lock()  # a write goes on in its thread when its task is cancelled
        self._error: BankError | None = None

    async def save(self, record: Record) -> None:
        """Returns when it is on the disk, together with all records that came meanwhile. Raises BankError."""
        self._waiting.append(record)
        async with self._turn:
            if self._waiting:
                self._on_written(await asyncio.to_thread(self._write))

    def close(self) -> None:
        """Write what is still waiting after an interruption."""
        if self._waiting and not self._error:
            self._write()

    def _write(self) -> list[Record]:
        with self._disk:
            if self._error:  # half a line may be there: nothing must follow it
                raise self._error
            group = [self._waiting.popleft() for _ in range(len(self._waiting))]
            try:
                self._writer.append(group)
            except BankError as error:
                self._error = error
                raise
            return group
