"""Shares, means over benchmarks and paired differences, each with its interval and its test.

Means over benchmarks: the questions of each benchmark are drawn anew, with replacement; everything measured on a
question goes with it, so that differences are drawn as pairs; percentile intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.metrics import LEVEL, weights
from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.model import Accuracy, Difference, Interval
from smacs.store.stats import wilson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FLIPS = 10_000
_CELLS = 1 << 22  # signs held at a time: 32 MiB
_ROUNDING = 1e-9  # sums of the same numbers in another order are equal
ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def accuracy(grades: Floats) -> Accuracy:
    """Accuracy over grades (m,), NaN where a question was not answered, with Wilson's interval."""
    count = int((~np.isnan(grades)).sum())
    return Accuracy(questions=count, of=len(grades), accuracy=share(float(np.nansum(grades)), count))


def share(gained: float, count: int) -> Interval | None:
    """gained / count in % with Wilson's interval; None where `count` is 0."""
    if not count:
        return None
    low, high = wilson(gained / count, count)
    return Interval(100 * gained / count, 100 * low, 100 * high)


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


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """M columns of values in B benchmarks, NaN where a question has none: `counts` and `shares` (B, M), `draws`
    (D, B, M). Figures are in %, None where no question has a value."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """P pairs of systems: `values` (Q, P) is the first's grade less the second's, NaN where one is missing; `ps` (P,)
    are of the means over benchmarks. A difference is None where no question was answered by both."""

    values: Floats
    benchmark: Ints
    drawn: Resampled
    ps: Floats

    @classmethod
    def of(cls, run: RunArrays, pairs: Sequence[tuple[str, str]]) -> Self:
        """Of each pair of specs the first less the second."""
        return cls.between([(run.column(one), run.column(other)) for one, other in pairs], run.benchmark, run.info.seed)

    @classmethod
    def between(cls, pairs: Sequence[tuple[Floats, Floats]], benchmark: Ints, seed: int) -> Self:
        """Of each pair of grades (Q,) the first less the second."""
        values = np.stack([one - other for one, other in pairs], axis=1)
        return cls(values, benchmark, Resampled.of(values, benchmark, seed), permutation(values, benchmark, seed))

    def within(self, benchmark: int, pair: int) -> Difference | None:
        """The difference in one benchmark."""
        ends = self.drawn.within(benchmark, pair)
        return _difference(self.values[self.benchmark == benchmark, pair], ends)

    def mean(self, pair: int) -> Difference | None:
        """The difference of the means over benchmarks, by a permutation test."""
        return _difference(self.values[:, pair], self.drawn.mean(pair), float(self.ps[pair]))

    def pooled(self, pair: int) -> Difference | None:
        """The difference over all questions."""
        return _difference(self.values[:, pair], self.drawn.pooled(pair))


def _difference(gaps: Floats, ends: Interval | None, p: float | None = None) -> Difference | None:
    """With McNemar's p where none is given."""
    if ends is None:
        return None
    ahead, behind = int((gaps > 0).sum()), int((gaps < 0).sum())
    return Difference(
        value=ends.value,
        low=ends.low,
        high=ends.high,
        p=mcnemar(ahead, behind) if p is None else p,
        questions=int((~np.isnan(gaps)).sum()),
        ahead=ahead,
        behind=behind,
    )
