"""What the nodes of one run share but no checkpoint holds: the clock, and who may still stand in for a failed
referencer.

It travels in an untracked channel. After a resume from a checkpoint it is made anew, so a node must not depend on
its content for correctness: the clock then starts again, and a failed referencer finds no substitute.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from smacs.nodes.shared.settings import Settings

if TYPE_CHECKING:
    from smacs.nodes.retrieve import Support
    from smacs.pool.pool import Pool
    from smacs.pool.prompts import Prompts
    from smacs.store.bank import QuestionBank
    from smacs.store.view import BankView

REFERENCE_SHARE = 0.5  # of the deadline: from then on the quorum is enough
REFERENCE_LIMIT = 0.75  # of the deadline: from then on one reference is enough

Emit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What every node is given: LLMs, bank, prompts, this question's settings, and where progress events go."""

    pool: "Pool"
    bank: "QuestionBank"
    prompts: "Prompts"
    settings: Settings
    emit: Emit


@dataclass(slots=True)
class Run:
    """One question on its way through the graph; `view` is the bank as it sees it, whatever changes meanwhile."""

    deadline: float
    started: float = field(default_factory=time.monotonic)
    support: "Support | None" = None
    view: "BankView | None" = None
    substitutes: list[str] = field(default_factory=list)
    references: int = 0
    quorum: asyncio.Event = field(default_factory=asyncio.Event)

    def time_left(self, share: float = 1.0) -> float:
        """Seconds until `share` of the deadline has passed; never below 0."""
        return max(self.deadline * share - (time.monotonic() - self.started), 0.0)

    def next_substitute(self) -> str | None:
        """The next-best LLM by prior that nobody has called yet."""
        return self.substitutes.pop(0) if self.substitutes else None

    def arrived(self, enough: int) -> None:
        """Count a reference."""
        self.references += 1
        if self.references >= enough:
            self.quorum.set()


def run_of(run: Run | None, settings: Settings) -> Run:
    """The run at hand, or a new one after a resume from a checkpoint."""
    return run if isinstance(run, Run) else Run(settings.deadline)


def random_of(seed: int | None, *parts: str) -> np.random.Generator:
    """A random generator that depends on the seed and the given texts alone."""
    return np.random.default_rng(number_of(seed, parts))


def call_seed(seed: int | None, *parts: str) -> int | None:
    """The seed of one LLM call: none where the user gave none, else different for each call of a question."""
    return None if seed is None else number_of(seed, parts) % 2**31


def number_of(seed: int | None, parts: Iterable[str]) -> int:
    """A number that the seed and the texts determine, the same in every process."""
    digest = hashlib.sha256("\x1f".join([str(seed or 0), *parts]).encode()).digest()
    return int.from_bytes(digest[:8], "big")
