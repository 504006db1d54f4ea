"""Bootstrap intervals of shares: questions are drawn with replacement, and all that was measured on one goes with it.

The figures of all selectors come from the same draws, so a difference between two is drawn as a pair. A question that
several splits test is one question: what it gave is added up before (a cluster bootstrap), since its repeats are not
independent. Percentile intervals (Efron and Tibshirani 1993, chapter 13).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DRAWS = 2000
LEVEL = 0.95
_CELLS = 1 << 23  # numbers held at a time: 64 MiB


def intervals(gained: Floats, of: Floats, *, seed: int) -> Floats:
    """(M, 2) ends of the intervals of M shares sum(gained) / sum(of), both (Q, M) over the same Q questions.

    NaN for a share of nothing.
    """
    columns = np.concatenate([gained, of], axis=1)
    totals = np.concatenate([drawn @ columns for drawn in weights(len(columns), seed)])
    top, bottom = np.split(totals, 2, axis=1)
    shares = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)
    says = of.sum(axis=0) > 0
    ends = np.full((2, gained.shape[1]), np.nan)
    ends[:, says] = np.nanquantile(shares[:, says], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return ends.T


def weights(count: int, seed: int) -> Iterator[Floats]:
    """How often each of `count` questions comes in each draw, some draws at a time: (draws, count)."""
    random = np.random.default_rng(seed)
    step = max(1, _CELLS // count)
    for start in range(0, DRAWS, step):
        size = min(step, DRAWS - start)
        drawn = random.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)
