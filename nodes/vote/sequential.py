"""Sequential vote: LLMs are called one after the other, and no more once the vote is decided.

A call more is worth its price while the leading answer is in doubt: calls end as soon as the leading answer's
probability is above a threshold. `budgeted` finds the threshold that spends a given number of calls on the bank.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.shared.ties import places
from smacs.nodes.vote.ballot import Ballots
from smacs.nodes.vote.rule import FittedRule, Floats, Order, Polled
from smacs.nodes.vote.tally import agreement, scores, support


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for m questions."""

    chosen: npt.NDArray[np.int64]
    """(m,) the LLM whose reply is the answer: of those who gave it, the first called; -1 = nobody answered."""
    calls: npt.NDArray[np.int64]
    """(m,) LLMs called."""
    support: Floats
    """(m,) probability of the answer by the rule; 0 = nobody answered."""


def prior_order(priors: Floats) -> npt.NDArray[np.int64]:
    """(m, R) LLMs in descending order of prior; ties in the order of the pool."""
    return np.argsort(places(priors), axis=1, kind="stable")


def in_order(
    fitted: FittedRule, ballots: Ballots, priors: Floats, order: Order, k: int, threshold: float = 1.0
) -> Verdict:
    """Call `order` (m, >= k) from the left until the answer's probability is above `threshold`, or k were called."""
    steps = _steps(fitted, ballots, priors, order[:, :k])
    at = _stops(steps.support, threshold)
    rows = np.arange(len(at))
    place = steps.leader[rows, at]
    chosen = np.where(place >= 0, order[rows, np.maximum(place, 0)], -1).astype(np.int64)
    return Verdict(chosen, at + 1, steps.support[rows, at])


def budgeted(fitted: FittedRule, polled: Polled, order: Order, k: int, calls: float) -> float:
    """The highest threshold with which `in_order` spends at most `calls` calls a question on the bank.

    A rule is a little surer of the questions that it was fitted on: new ones take about one call in a hundred more.
    """
    seen = _steps(fitted, polled.ballots, polled.priors, order[:, :k]).support
    if calls >= seen.shape[1]:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if (_stops(seen, middle) + 1).mean() <= calls:
            low = middle
        else:
            high = middle
    return low


@dataclass(frozen=True, slots=True)
class _Steps:
    support: Floats  # (m, k) of the leading answer after 1..k calls
    leader: npt.NDArray[np.int64]  # (m, k) position in the order of its first voter, -1 = none


def _steps(fitted: FittedRule, ballots: Ballots, priors: Floats, order: Order) -> _Steps:
    votes = fitted.votes(ballots, priors, order)
    prior = np.take_along_axis(priors, order, axis=1)
    codes = np.take_along_axis(ballots.codes, order, axis=1)
    best, leader = np.zeros(order.shape), np.zeros(order.shape, dtype=np.int64)
    for j in range(order.shape[1]):
        called = np.broadcast_to(np.arange(order.shape[1]) <= j, order.shape)
        same = agreement(codes, called)
        chances = support(same, scores(same, votes.weights, votes.worth))
        best[:, j] = chances.max(axis=1)
        leader[:, j] = _leading(chances, np.einsum("mrs,ms->mr", same, prior))
    return _Steps(best, leader)


def _leading(chances: Floats, priors: Floats) -> npt.NDArray[np.int64]:
    """First voter of the likeliest answer; ties go to the higher summed prior."""
    tied = (places(chances) == 0) & (chances > 0)
    return np.where(tied.any(axis=1), places(np.where(tied, priors, -np.inf)).argmin(axis=1), -1)


def _stops(best: Floats, threshold: float) -> npt.NDArray[np.int64]:
    decided = best > threshold
    decided[:, -1] = True
    return np.asarray(decided.argmax(axis=1), dtype=np.int64)
