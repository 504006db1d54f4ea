"""Paired differences between systems, on the questions that both answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from smacs.bench.report.figures import Difference, Interval
from smacs.bench.report.read import Ints, Run
from smacs.bench.report.resample import Resampled
from smacs.bench.report.significance import mcnemar, permutation

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """P pairs of systems: `values` (Q, P) is the first's grade less the second's, NaN where one is missing; `ps` (P,)
    are of the means over benchmarks. Figures are None where no question was answered by both."""

    values: Floats
    benchmark: Ints
    drawn: Resampled
    ps: Floats

    @classmethod
    def of(cls, run: Run, pairs: Sequence[tuple[str, str]]) -> Self:
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
