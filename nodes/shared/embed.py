"""Embedding in the course of a question: an embedder that hangs must not cost the answer, whoever asks it.

Every caller within a question comes through here. What the embedder may take is a share of the question's deadline;
without vectors by then the question is answered without them. One that has hung is given little time by the questions
after, until it answers again.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from smacs.errors import EmbedderDownError
from smacs.nodes.shared.remarks import Remark, remark
from smacs.nodes.shared.run import Run, Tools

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder, Vectors
    from smacs.store.view import BankView

QUESTION_SHARE = 0.5  # of the deadline: without the question's embedding by then, the LLMs are asked all the same
ANSWERS_SHARE = 0.25  # of the deadline: what the comparison of candidates may take
LAST = 0.5  # seconds that are always left to it, for the comparison of what is there at the deadline
AGAIN = 2.0  # seconds that one is given which has hung
FORGIVEN = 60.0  # seconds after which it is as if it had not

_hung: "WeakKeyDictionary[Embedder, float]" = WeakKeyDictionary()  # when it was given up


async def embed(texts: Sequence[str], tools: Tools, seconds: float, *, query: bool = False) -> "Vectors":
    """(m, d) by the bank's embedder, within so many seconds. Raises EmbedderDownError."""
    return await patient(tools, seconds).embed(texts, query=query)


async def load_bank(tools: Tools, run: Run | None = None) -> tuple["BankView", list[Remark]]:
    """The bank as this question sees it, and why it is an older state of it if it is: the one in memory counts where
    new questions cannot be embedded. Raises EmbedderDownError where there is none, BankError.
    """
    if run is not None and run.view is not None:
        return run.view, []
    try:
        return await tools.bank.load(patient(tools, QUESTION_SHARE * tools.settings.deadline)), []
    except EmbedderDownError as error:
        if (held := tools.bank.held()) is None:
            raise
        return held, [remark("bank_outdated", f"the bank is as it was before its last change: {error}")]


def seconds_for(run: Run, share: float) -> float:
    """Seconds until that share of the deadline has passed, but never less than `LAST`."""
    return max(run.time_left(share), LAST)


def patient(tools: Tools, seconds: float) -> "Embedder":
    """The bank's embedder; each of its answers comes within so many seconds, or EmbedderDownError."""
    return cast("Embedder", _Patient(tools.pool.embedder(tools.bank.embedder), seconds))


class _Patient:
    def __init__(self, embedder: "Embedder", seconds: float) -> None:
        self.embedder = embedder
        self.seconds = seconds

    def __getattr__(self, name: str) -> Any:
        """Whatever else the embedder has, its spec first of all."""
        return getattr(self.embedder, name)

    def __eq__(self, other: object) -> bool:
        """Who waits for what another question has begun waits for the same embedder."""
        return isinstance(other, _Patient) and other.embedder is self.embedder

    def __hash__(self) -> int:
        return hash(self.embedder)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> "Vectors":
        hung = time.monotonic() - _hung.get(self.embedder, -FORGIVEN) < FORGIVEN
        seconds = min(self.seconds, AGAIN) if hung else self.seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                vectors = await self.embedder.embed(texts, query=query)
        except TimeoutError:
            if not limit.expired():
                raise
            _hung[self.embedder] = time.monotonic()
            left = f"no vectors within {seconds:.1f} seconds, which is what the question's deadline left for it"
            raise EmbedderDownError(f"The bank's embedder: {left}.") from None
        _hung.pop(self.embedder, None)
        return vectors
