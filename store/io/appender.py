"""Records on their way to a JSONL file from many tasks at once: those that wait share one fsync."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from smacs.errors import BankError
from smacs.store.io.jsonl import JsonlWriter

T = TypeVar("T", bound=msgspec.Struct)


class Appender(Generic[T]):
    """Appends through `writer`; `on_written` gets each group that is on the disk."""

    def __init__(self, writer: JsonlWriter, on_written: Callable[[Sequence[T]], None] = lambda _: None) -> None:
        self._writer = writer
        self._on_written = on_written
        self._waiting: deque[T] = deque()
        self._turn = asyncio.Lock()
        self._disk = Lock()  # a write goes on in its thread when its task is cancelled
        self._error: BankError | None = None

    async def save(self, record: T) -> None:
        """Returns when it is on the disk: who comes next takes along all that came meanwhile. Raises BankError."""
        self._waiting.append(record)
        async with self._turn:
            if self._waiting:
                self._on_written(await asyncio.to_thread(self._write))

    def close(self) -> None:
        """Write what is still waiting after an interruption."""
        if self._waiting and not self._error:
            self._write()

    def _write(self) -> list[T]:
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
