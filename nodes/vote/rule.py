"""What every rule is: fitted on the bank's recorded replies, it says what each reply adds to its answer.

The answer is the one with the highest score: what its voters add up to, and what it is worth by itself (`tally`).
Scores are natural log-odds against 0 for "none of the answers given is right".
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from smacs.nodes.vote.ballot import Ballots

Floats = npt.NDArray[np.float64]
Order = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Polled:
    """The bank as a rule sees it: N questions, R LLMs."""

    ballots: Ballots
    """(N, R) what they answered."""
    priors: Floats
    """(N, R) a selector's scores, out of fold: no question's score may have seen its own grades. Larger = better."""
    correct: npt.NDArray[np.floating[Any]]
    """(N, R) grades in [0, 1]; NaN = never evaluated."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What the replies to m questions are worth, in the order of the k calls."""

    weights: Floats
    """(m, k) what each reply adds to its answer; it depends on no later call."""
    worth: Floats
    """(m, k) what its answer is worth by itself, the same for all who gave it."""


class FittedRule(Protocol):
    """A rule that has seen the bank."""

    def votes(self, ballots: Ballots, priors: Floats, order: Order) -> Votes:
        """Votes of the LLMs `order` (m, k), from ballots and priors (m, R), these from the selector of the fit."""
        ...


class Rule(Protocol):
    """A way to weigh replies."""

    @property
    def name(self) -> str:
        """How it is asked for."""
        ...

    @property
    def summary(self) -> str:
        """One line: what it does, and its source."""
        ...

    def fit(self, polled: Polled) -> FittedRule:
        """Learn from the bank alone."""
        ...
