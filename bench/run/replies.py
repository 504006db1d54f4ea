"""The replies of a run, each kept for good: what one system asked, no other system asks again.

The samples of a prompt are numbered. Who wants three gets the samples 0, 1 and 2; who wants one gets sample 0, the
first of the same three. A sample without text is kept as well: it was asked, and it is what the LLM says.
"""

import asyncio
import hashlib
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from smacs.pool.calls.replies import Choice
from smacs.store.io.appender import Appender
from smacs.store.io.jsonl import JsonlWriter, read_jsonl


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """One completion; `tokens` are its own, thinking included."""

    text: str
    reasoning: str = ""
    finish: str = "stop"
    logprob_sum: float | None = None
    logprob_count: int = 0
    tokens: int = 0

    @property
    def choice(self) -> Choice:
        """As the pool's LLMs return it."""
        return Choice(self.text, self.reasoning, self.finish, self.logprob_sum, self.logprob_count)


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and what came: `samples` follow those that the prompt had before. `question` asked first."""

    key: str
    question: str
    samples: list[Sample]
    prompt_tokens: int
    seconds: float


def key_of(*parts: Any) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:32]


class Replies:
    """The requests of one LLM, in memory and in `<folder>/<llm>.jsonl`; `room` has to be entered to write."""

    def __init__(self, folder: Path, llm: str) -> None:
        self.path = folder / f"{quote(llm, safe='')}.jsonl"
        self._known: dict[str, list[Asked]] = defaultdict(list)
        for asked in read_jsonl(self.path, Asked):
            self._known[asked.key].append(asked)
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stack = ExitStack()
        self._appender: Appender[Asked] | None = None

    def lock(self, key: str) -> asyncio.Lock:
        """Held while a prompt is asked, so that nobody asks it at the same time."""
        return self._locks[key]

    def of(self, key: str) -> list[Asked]:
        """The requests of a prompt so far, in order."""
        return self._known.get(key, [])

    async def add(self, asked: Asked) -> None:
        """Keep a request; it is on the disk when this returns. Raises BankError where it cannot be written."""
        if self._appender is None:
            self._appender = Appender(self._stack.enter_context(JsonlWriter(self.path, Asked)))
        self._known[asked.key].append(asked)
        await self._appender.save(asked)

    def close(self) -> None:
        """Write what is waiting and close the file."""
        if self._appender is not None:
            self._appender.close()
            self._appender = None
        self._stack.close()
