"""Belief: how sure the replies so far make us of each answer, and when that is sure enough to call nobody else.

With S_o the score of answer o, what those who gave it add up to and what it is worth by itself, and 0 for "none of
these":

    P(o) = exp(S_o) / (1 + sum over the answers o' given of exp(S_o'))

One more call is worth its price while the leading answer is in doubt: `sequential_vote` stops as soon as its P is above
a threshold, and `budget_threshold` finds the threshold that spends a given number of calls on the bank.

LLMs fall for the same wrong options, so log-odds must not simply be added up. With x_r figures of LLM r's reply and w_o
figures of answer o, pooling makes the score of an answer

    S_o = sum of x_r c over those who gave o + w_o d - s

with the same c and d for all LLMs. A conditional logit (McFadden 1974) of the bank's right answers finds c and d:
P(o) = exp(S_o) / sum over o' of exp(S_o'), over the questions for which one of the answers given is right. Then s makes
the mean probability of "none of them" that of the bank. Newton's method for both.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from smacs.nodes.shared.determinism import places
from smacs.nodes.vote.calibration import CLOSE, STEPS
from smacs.nodes.vote.rule import FittedRule, Floats, Order, Poll
from smacs.nodes.vote.signals import Ballots

RIDGE = 3.0  # of the coefficients that all LLMs share
Mask = npt.NDArray[np.bool_]


def agreement(codes: npt.NDArray[np.integer[Any]], called: Mask) -> Floats:
    """(m, k, k) 1.0 where two called LLMs gave the same answer, from codes and mask (m, k); -1 = no answer."""
    voted = called & (codes >= 0)
    same = codes[:, :, None] == codes[:, None, :]
    agreed: Floats = (same & voted[:, :, None] & voted[:, None, :]).astype(np.float64)
    return agreed


def scores(same: Floats, weights: Floats, worth: Floats) -> Floats:
    """(m, k) score of each LLM's answer, from `agreement`, weights and worth (m, k); -inf where it gave none."""
    return np.where(same.any(axis=2), np.einsum("mrs,ms->mr", same, weights) + worth, -np.inf)


def probabilities(same: Floats, scored: Floats) -> Floats:
    """(m, k) probability of each LLM's answer, from `agreement` and `scores`; 0 where it gave none."""
    top = np.maximum(scored.max(axis=1, keepdims=True, initial=-np.inf), 0.0)
    odds = np.exp(scored - top)
    total = np.exp(-top) + (odds / np.maximum(same.sum(axis=2), 1.0)).sum(axis=1, keepdims=True)
    return np.asarray(odds / total)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a vote decided for m questions."""

    chosen: npt.NDArray[np.int64]
    """(m,) the LLM whose reply is the answer: of those who gave it, the first called; -1 = nobody answered."""
    calls: npt.NDArray[np.int64]
    """(m,) LLMs called."""
    probability: Floats
    """(m,) probability of the answer by the rule; 0 = nobody answered."""


def prior_order(priors: Floats) -> npt.NDArray[np.int64]:
    """(m, R) LLMs in descending order of prior; ties in the order of the pool."""
    return np.argsort(places(priors), axis=1, kind="stable")


def sequential_vote(
    fitted: FittedRule, ballots: Ballots, priors: Floats, order: Order, k: int, threshold: float = 1.0
) -> Verdict:
    """Call `order` (m, >= k) from the left until the answer's probability is above `threshold`, or k are called."""
    steps = _steps(fitted, ballots, priors, order[:, :k])
    at = _stops(steps.probability, threshold)
    rows = np.arange(len(at))
    place = steps.leader[rows, at]
    chosen = np.where(place >= 0, order[rows, np.maximum(place, 0)], -1).astype(np.int64)
    return Verdict(chosen, at + 1, steps.probability[rows, at])


def budget_threshold(fitted: FittedRule, poll: Poll, order: Order, k: int, calls: float) -> float:
    """The highest threshold with which `sequential_vote` spends at most `calls` calls a question on the bank.

    A rule is a little surer of the questions that it was fitted on: new ones take about one call in a hundred more.
    """
    seen = _steps(fitted, poll.ballots, poll.priors, order[:, :k]).probability
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
    probability: Floats  # (m, k) of the leading answer after 1..k calls
    leader: npt.NDArray[np.int64]  # (m, k) position in the order of its first voter, -1 = none


def _steps(fitted: FittedRule, ballots: Ballots, priors: Floats, order: Order) -> _Steps:
    votes = fitted.votes(ballots, priors, order)
    prior = np.take_along_axis(priors, order, axis=1)
    codes = np.take_along_axis(ballots.codes, order, axis=1)
    best, leader = np.zeros(order.shape), np.zeros(order.shape, dtype=np.int64)
    for j in range(order.shape[1]):
        called = np.broadcast_to(np.arange(order.shape[1]) <= j, order.shape)
        same = agreement(codes, called)
        chances = probabilities(same, scores(same, votes.weights, votes.worth))
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


@dataclass(frozen=True, slots=True)
class Pooling:
    """The coefficients that all LLMs share."""

    reply: Floats
    """(p,) c."""
    answer: Floats
    """(q,) d."""
    none: float = 0.0
    """s."""


def fit_pooling(replies: Floats, answers: Floats, same: Floats, right: npt.NDArray[np.bool_]) -> Pooling:
    """c and d from figures (n, k, p) and (n, k, q), `agreement` (n, k, k) and right (n, k); s stays 0."""
    some = right.any(axis=1)
    replies, answers, same, right = replies[some], answers[some], same[some], right[some]
    summed = np.concatenate([np.einsum("nrs,nsp->nrp", same, replies), answers], axis=2)
    voters = np.maximum(same.sum(axis=2), 1.0)
    target = right / np.maximum(right.sum(axis=1, keepdims=True), 1)
    split = replies.shape[2]
    c = np.zeros(summed.shape[2])
    for _ in range(STEPS):
        chance = probabilities(same, scores(same, replies @ c[:split], answers @ c[split:])) / voters
        chance = chance / np.maximum(chance.sum(axis=1, keepdims=True), 1e-12)
        mean = np.einsum("nr,nrp->np", chance, summed)
        gradient = np.einsum("nr,nrp->p", chance - target, summed) + RIDGE * c
        hessian = np.einsum("nr,nrp,nrq->pq", chance, summed, summed, optimize=True) - mean.T @ mean
        step = np.linalg.solve(hessian + RIDGE * np.eye(len(c)), gradient)
        c = c - step
        if np.abs(step).max() < CLOSE:
            break
    return Pooling(c[:split], c[split:])


def none_score(same: Floats, scored: Floats, right: npt.NDArray[np.bool_]) -> float:
    """s, from `agreement` (n, k, k), `scores` without it (n, k) and right (n, k)."""
    voted = same.any(axis=(1, 2))
    same, scored, right = same[voted], scored[voted], right[voted]
    voters = np.maximum(same.sum(axis=2), 1.0)
    s = 0.0
    for _ in range(STEPS):
        none = 1 - (probabilities(same, scored - s) / voters).sum(axis=1)
        excess = none.sum() - (~right.any(axis=1)).sum()
        step = float(excess / ((none * (1 - none)).sum() + RIDGE))
        s = s - step
        if abs(step) < CLOSE:
            break
    return s
