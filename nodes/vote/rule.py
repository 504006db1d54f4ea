"""Vote rules: fitted on the bank's recorded replies, a rule says what each reply adds to its answer.

The answer is the one with the highest score: what its voters add up to, and what it is worth by itself (`belief`).
Scores are natural log-odds against 0 for "none of the answers given is right". Each rule is a file in
`smacs.nodes.vote.rules`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from smacs.nodes.vote.signals import Ballots
from smacs.plugins import find, listed

Floats = npt.NDArray[np.float64]
Order = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Poll:
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
        """What the user calls it."""
        ...

    @property
    def summary(self) -> str:
        """One line: what it does, and its source."""
        ...

    def fit(self, poll: Poll) -> FittedRule:
        """Learn from the bank alone."""
        ...


def vote_rules() -> dict[str, Rule]:
    """Every rule by name, in alphabetical order of their files."""
    return dict(_found())


def find_rule(name: str) -> Rule:
    """The rule of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "vote rule")


@cache
def _found() -> dict[str, Rule]:
    return listed("smacs.nodes.vote.rules", "RULE")
