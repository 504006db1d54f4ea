"""Paired tests: is one system better than another on the same questions, or could chance have done it?"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FLIPS = 10_000
_CELLS = 1 << 22  # signs held at a time: 32 MiB
_ROUNDING = 1e-9  # sums of the same numbers in another order are equal


def mcnemar(ahead: int, behind: int) -> float:
    """Two-sided p of McNemar's exact test: `ahead` questions are right in the one alone, `behind` in the other."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(ahead, behind), ahead + behind, 0.5)))


def permutation(differences: Floats, strata: Ints, seed: int) -> Floats:
    """(M,) two-sided p of M stratified means of paired differences (Q, M), NaN where one of a pair is missing.

    The mean is over the strata, of the mean within each. Under the null hypothesis the sign of each question's
    difference is a coin's: p = (1 + draws at least as large) / (1 + draws).
    """
    weighted = _weighted(differences, strata)
    weighted = weighted[(weighted != 0).any(axis=1)]
    observed = np.abs(weighted.sum(axis=0)) - _ROUNDING
    random = np.random.default_rng(seed)
    beyond = np.zeros(weighted.shape[1])
    step = max(1, _CELLS // max(1, len(weighted)))
    for start in range(0, FLIPS, step):
        signs = 2.0 * random.integers(0, 2, (min(step, FLIPS - start), len(weighted)), np.int8) - 1
        beyond += (np.abs(signs @ weighted) >= observed).sum(axis=0)
    return np.asarray((1 + beyond) / (1 + FLIPS))


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values after Holm's correction (1979) for their number, in the same order."""
    adjusted, least = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = max(least, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = least
    return adjusted


def _weighted(differences: Floats, strata: Ints) -> Floats:
    """The differences such that their sum is the mean over strata of the mean within each; missing ones are 0."""
    known = ~np.isnan(differences)
    member = (strata[:, None] == np.arange(strata.max() + 1)).astype(np.float64)
    sizes = member.T @ known  # (B, M)
    used = np.maximum((sizes > 0).sum(axis=0), 1)
    weights = np.divide(1.0, sizes * used, out=np.zeros_like(sizes), where=sizes > 0)
    return np.asarray(np.where(known, differences, 0.0) * weights[strata])
