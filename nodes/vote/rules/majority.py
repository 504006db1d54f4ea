"""Majority: one LLM, one vote."""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.vote.rule import Floats, Order, Poll, Votes
from smacs.nodes.vote.signals import Ballots


@dataclass(frozen=True, slots=True)
class Majority:
    """The most frequent answer; nothing is learned."""

    name: str = "majority"
    summary: str = "The most frequent answer; ties go to the higher summed prior"

    def fit(self, poll: Poll) -> "Majority":  # noqa: ARG002
        """Nothing to learn."""
        return self

    def votes(self, ballots: Ballots, priors: Floats, order: Order) -> Votes:  # noqa: ARG002
        """One each."""
        return Votes(np.ones(order.shape), np.zeros(order.shape))


RULE = Majority()
