"""Means over benchmarks with their intervals: the questions of each benchmark are drawn anew, with replacement.

Everything measured on a question goes with it, so that differences are drawn as pairs; percentile intervals.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.bootstrap import LEVEL, weights
from smacs.bench.report.figures import Interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """M columns of values in B benchmarks, NaN where a question has none: `counts` and `shares` (B, M), `draws`
    (D, B, M). Figures are None where they are of nothing, else in %."""

    counts: Floats
    shares: Floats
    draws: Floats

    @classmethod
    def of(cls, values: Floats, benchmark: Ints, seed: int) -> Self:
        """From values (Q, M), and the position of each question's benchmark (Q,)."""
        known = ~np.isnan(values)
        columns = np.concatenate([np.where(known, values, 0.0), known], axis=1)
        parts = [columns[benchmark == code] for code in range(int(benchmark.max()) + 1)]
        drawn = [_drawn(part, seed + code) for code, part in enumerate(parts)]
        gained, counts = np.split(np.stack([part.sum(axis=0) for part in parts]), 2, axis=1)
        return cls(counts, _ratio(gained, counts), np.stack(drawn, axis=1))

    def within(self, benchmark: int, column: int) -> Interval | None:
        """The mean in one benchmark."""
        return _interval(self.shares[benchmark, column], self.draws[:, benchmark, column])

    def mean(self, column: int) -> Interval | None:
        """The mean over the benchmarks of the means within each."""
        even = (self.counts[:, column] > 0).astype(np.float64)
        return self._over(column, even)

    def pooled(self, column: int) -> Interval | None:
        """The mean over all questions."""
        return self._over(column, self.counts[:, column])

    def _over(self, column: int, by: Floats) -> Interval | None:
        return _interval(_averaged(self.shares[:, column], by), _averaged(self.draws[:, :, column], by))


def _drawn(columns: Floats, seed: int) -> Floats:
    """(D, M) shares in each draw, from sums and counts (m, 2M)."""
    totals = np.concatenate([drawn @ columns for drawn in weights(len(columns), seed)])
    return _ratio(*np.split(totals, 2, axis=1))


def _averaged(shares: Floats, by: Floats) -> Floats:
    """Mean over the last axis, weighted; NaN is left out."""
    used = np.where(np.isnan(shares), 0.0, by)
    return _ratio((np.nan_to_num(shares) * used).sum(axis=-1), used.sum(axis=-1))


def _interval(value: Floats, draws: Floats) -> Interval | None:
    if np.isnan(value):
        return None
    low, high = np.nanquantile(draws, ENDS)
    return Interval(100 * float(value), 100 * float(low), 100 * float(high))


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.asarray(np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0))
