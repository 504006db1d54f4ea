"""Patience with the bank's embedder: one that hangs must not cost a question its answer.

Nodes embed by `Tools.embed`, and the bank embeds what is new in it by `Tools.load_view`; both come through here. One
that has hung is given little time by the questions after, until it answers again.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from smacs.errors import EmbedderDownError

if TYPE_CHECKING:  # brings the clients of LLMs with it, which whoever measures a bank does without
    from smacs.pool.embed import Embedder, Vectors

AGAIN = 2.0  # seconds that one is given which has hung
FORGIVEN = 60.0  # seconds after which it is as if it had not

_hung: "WeakKeyDictionary[Embedder, float]" = WeakKeyDictionary()  # when it was given up


class PatientEmbedder:
    """An embedder, each of whose answers comes within so many seconds; else EmbedderDownError is raised."""

    def __init__(self, embedder: "Embedder", seconds: float) -> None:
        self.embedder = embedder
        self.spec = embedder.spec
        self.seconds = seconds

    def __eq__(self, other: object) -> bool:
        """Who waits for what another question has begun waits for the same embedder."""
        return isinstance(other, PatientEmbedder) and other.embedder is self.embedder

    def __hash__(self) -> int:
        return hash(self.embedder)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> "Vectors":
        """See `Embedder.embed`. Raises EmbedderDownError."""
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

    async def aclose(self) -> None:
        """See `Embedder.aclose`."""
        await self.embedder.aclose()
