"""Prior-weighted vote: each LLM counts as much as its prior for this question."""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.vote.rule import Floats, Order, Poll, Votes
from smacs.nodes.vote.signals import Ballots


@dataclass(frozen=True, slots=True)
class PriorWeighted:
    """The answer with the largest summed prior; priors below 0 count as 0."""

    name: str = "prior_weighted"
    summary: str = "The answer whose voters have the largest summed prior"

    def fit(self, poll: Poll) -> "FittedPriorWeighted":
        """Keep the bank's mean prior as the unit, so that any selector's scale gives weights around 1."""
        mean = float(np.maximum(poll.priors, 0.0).mean())
        return FittedPriorWeighted(mean if mean > 0 else 1.0)


@dataclass(frozen=True, slots=True)
class FittedPriorWeighted:
    """The unit of the weights."""

    unit: float

    def votes(self, ballots: Ballots, priors: Floats, order: Order) -> Votes:  # noqa: ARG002
        """Priors in units of the bank's mean."""
        weights = np.maximum(np.take_along_axis(priors, order, axis=1), 0.0) / self.unit
        return Votes(weights, np.zeros(order.shape))


RULE = PriorWeighted()
