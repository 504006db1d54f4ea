"""Tally: how sure the replies so far make us of each answer.

With S_o the score of answer o, what those who gave it add up to and what it is worth by itself, and 0 for "none of
these":

    P(o) = exp(S_o) / (1 + sum over the answers o' given of exp(S_o'))
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
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


def support(same: Floats, scored: Floats) -> Floats:
    """(m, k) probability of each LLM's answer, from `agreement` and `scores`; 0 where it gave none."""
    top = np.maximum(scored.max(axis=1, keepdims=True, initial=-np.inf), 0.0)
    odds = np.exp(scored - top)
    total = np.exp(-top) + (odds / np.maximum(same.sum(axis=2), 1.0)).sum(axis=1, keepdims=True)
    return np.asarray(odds / total)
