"""A question on its way through the graph: the tools that every node is given, and what the nodes of one run share.

A `Run` travels in an untracked channel: no checkpoint holds it. After a resume from one it is made anew, so a node must
not depend on its content for correctness: the clock then starts again, and a failed referencer finds no substitute.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from smacs.errors import EmbedderDownError
from smacs.nodes.shared.embed import PatientEmbedder
from smacs.nodes.shared.settings import Settings
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.view import BankView

if TYPE_CHECKING:  # brings the clients of LLMs with it, which whoever measures a bank does without
    from smacs.pool.embed import Vectors
    from smacs.pool.pool import Pool

REFERENCE_SHARE = 0.5  # of the deadline: from then on the quorum is enough
REFERENCE_LIMIT = 0.75  # of the deadline: from then on one reference is enough
QUESTION_SHARE = 0.5  # of the deadline: without the question's embedding by then, the LLMs are asked all the same
ANSWERS_SHARE = 0.25  # of the deadline: what the comparison of candidates may take
LAST = 0.5  # seconds that are always left to it, for the comparison of what is there at the deadline

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Support:
    """Support questions: positions in the bank, their similarities (float64, >= 0), and the threshold t.

    `blind` says that no bank question has any similarity: the whole bank counts, with equal weights. `query` (d,) is
    the question's embedding, None where there is none.
    """

    indices: npt.NDArray[np.int64]
    similarities: npt.NDArray[np.float64]
    threshold: float
    blind: bool = False
    query: npt.NDArray[np.float32] | None = None


@dataclass(slots=True)
class Run:
    """One question on its way through the graph; `view` is the bank as it sees it, whatever changes meanwhile."""

    deadline: float
    started: float = field(default_factory=time.monotonic)
    support: Support | None = None
    view: BankView | None = None
    substitutes: list[str] = field(default_factory=list)
    references: int = 0
    quorum: asyncio.Event = field(default_factory=asyncio.Event)

    def time_left(self, share: float = 1.0) -> float:
        """Seconds until `share` of the deadline has passed; never below 0."""
        return max(self.deadline * share - (time.monotonic() - self.started), 0.0)

    def time_to_embed(self) -> float:
        """Seconds that embedding the question may take: until half the deadline has passed, at least `LAST`."""
        return max(self.time_left(QUESTION_SHARE), LAST)

    def time_to_compare(self) -> float:
        """Seconds that embedding the answers may take: what is left, at most a share of the deadline, and `LAST`."""
        return min(self.time_left(), ANSWERS_SHARE * self.deadline) + LAST

    def next_substitute(self) -> str | None:
        """The next-best LLM by prior that nobody has called yet."""
        return self.substitutes.pop(0) if self.substitutes else None

    def count_reference(self, enough: int) -> None:
        """One more reference has arrived; with `enough` of them the quorum is there."""
        self.references += 1
        if self.references >= enough:
            self.quorum.set()


def run_of(run: Run | None, settings: Settings) -> Run:
    """The run at hand, or a new one after a resume from a checkpoint."""
    return run if isinstance(run, Run) else Run(settings.deadline)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every node is given: LLMs, bank, prompts, this question's settings, and where progress events go.

    Nodes reach the bank's arrays and its embedder by `view` and `embed` alone, so that no embedder that hangs can cost
    a question its answer.
    """

    pool: "Pool"
    bank: QuestionBank
    prompts: Prompts
    settings: Settings
    emit: Emit

    async def embed(self, texts: Sequence[str], seconds: float, *, query: bool = False) -> "Vectors":
        """(m, d) by the bank's embedder, within so many seconds. Raises EmbedderDownError."""
        return await self._embedder(seconds).embed(texts, query=query)

    async def view(self, run: Run | None) -> BankView:
        """The bank as this question sees it. Raises EmbedderDownError, BankError."""
        return run.view if run is not None and run.view is not None else (await self.load_view())[0]

    async def load_view(self) -> tuple[BankView, list[str]]:
        """The bank as it is now, and why it is an older state of it if it is: the one in memory counts where new
        questions cannot be embedded. Raises EmbedderDownError where there is none, BankError.
        """
        try:
            return await self.bank.load(self._embedder(QUESTION_SHARE * self.settings.deadline)), []
        except EmbedderDownError as error:
            if (held := self.bank.held()) is None:
                raise
            return held, [f"the bank is as it was before its last change: {error}"]

    def _embedder(self, seconds: float) -> PatientEmbedder:
        return PatientEmbedder(self.pool.embedder(self.bank.embedder), seconds)
