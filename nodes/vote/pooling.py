"""Pooling: what a vote counts among votes that are not independent.

LLMs fall for the same wrong options, so log-odds must not simply be added up. With x_r figures of LLM r's reply and w_o
figures of answer o, the score of an answer is

    S_o = sum of x_r c over those who gave o + w_o d - s

with the same c and d for all LLMs. A conditional logit (McFadden 1974) of the bank's right answers finds c and d:
P(o) = exp(S_o) / sum over o' of exp(S_o'), over the questions for which one of the answers given is right. Then s makes
the mean probability of "none of them" that of the bank. Newton's method for both.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.vote.calibration import CLOSE, STEPS
from smacs.nodes.vote.tally import Floats, scores, support

RIDGE = 3.0


@dataclass(frozen=True, slots=True)
class Pooled:
    """The shared coefficients."""

    reply: Floats
    """(p,) c."""
    answer: Floats
    """(q,) d."""
    none: float = 0.0
    """s."""


def pool(replies: Floats, answers: Floats, same: Floats, right: npt.NDArray[np.bool_]) -> Pooled:
    """c and d from figures (n, k, p) and (n, k, q), `agreement` (n, k, k) and right (n, k); s stays 0."""
    some = right.any(axis=1)
    replies, answers, same, right = replies[some], answers[some], same[some], right[some]
    summed = np.concatenate([np.einsum("nrs,nsp->nrp", same, replies), answers], axis=2)
    voters = np.maximum(same.sum(axis=2), 1.0)
    target = right / np.maximum(right.sum(axis=1, keepdims=True), 1)
    split = replies.shape[2]
    c = np.zeros(summed.shape[2])
    for _ in range(STEPS):
        chance = support(same, scores(same, replies @ c[:split], answers @ c[split:])) / voters
        chance = chance / np.maximum(chance.sum(axis=1, keepdims=True), 1e-12)
        mean = np.einsum("nr,nrp->np", chance, summed)
        gradient = np.einsum("nr,nrp->p", chance - target, summed) + RIDGE * c
        hessian = np.einsum("nr,nrp,nrq->pq", chance, summed, summed, optimize=True) - mean.T @ mean
        step = np.linalg.solve(hessian + RIDGE * np.eye(len(c)), gradient)
        c = c - step
        if np.abs(step).max() < CLOSE:
            break
    return Pooled(c[:split], c[split:])


def none_score(same: Floats, scored: Floats, right: npt.NDArray[np.bool_]) -> float:
    """s, from `agreement` (n, k, k), `scores` without it (n, k) and right (n, k)."""
    voted = same.any(axis=(1, 2))
    same, scored, right = same[voted], scored[voted], right[voted]
    voters = np.maximum(same.sum(axis=2), 1.0)
    s = 0.0
    for _ in range(STEPS):
        none = 1 - (support(same, scored - s) / voters).sum(axis=1)
        excess = none.sum() - (~right.any(axis=1)).sum()
        step = float(excess / ((none * (1 - none)).sum() + RIDGE))
        s = s - step
        if abs(step) < CLOSE:
            break
    return s
