"""Shares that a ranking of the LLMs earns on test questions, and their bootstrap intervals.

A `Tally` keeps what each question `gained` and what it could gain, so that shares can be pooled over questions and
splits, resampled and compared in pairs. Scores are (m, R), larger is better; `correct` is (m, R), grades in [0, 1], NaN
where an LLM was never asked.

Intervals are percentile intervals (Efron and Tibshirani 1993, chapter 13). Questions are drawn with replacement, and
all that was measured on one goes with it. The figures of all selectors come from the same draws, so a difference
between two is drawn as a pair. A question that several splits test is one question: its repeats are not independent,
so what it gave is added up before (a cluster bootstrap).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.shared.determinism import places

Floats = npt.NDArray[np.float64]
Grades = npt.NDArray[np.floating]
Places = npt.NDArray[np.int64]
DRAWS = 2000
LEVEL = 0.95
_CELLS = 1 << 23  # numbers held at a time: 64 MiB


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Of m questions: `gained` (m,) and what could be gained, `of` (m,); 0 of 0 is a question that says nothing."""

    gained: Floats
    of: Floats

    @property
    def share(self) -> float:
        """All that was gained by all that could be; NaN where nothing could."""
        total = float(self.of.sum())
        return float(self.gained.sum()) / total if total else float("nan")

    def minus(self, other: "Tally") -> "Tally":
        """The paired difference, over the questions on which both say something."""
        both = (self.of > 0) & (other.of > 0)
        return Tally(np.where(both, self.gained - other.gained, 0.0), np.where(both, self.of, 0.0))


def joined(tallies: Sequence[Tally]) -> Tally:
    """The questions of all of them."""
    nothing = np.zeros(0)
    return Tally(
        np.concatenate([nothing, *(tally.gained for tally in tallies)]),
        np.concatenate([nothing, *(tally.of for tally in tallies)]),
    )


def ranked_pairs(scores: Floats, correct: Grades) -> Tally:
    """Pairwise ranking score, eq. 8: of the pairs (better LLM, worse LLM) of a question, those ranked in that order.

    Better is the higher grade, with grades 0 and 1: (right, wrong). Equal scores count half.
    """
    wins, pairs = np.zeros((2, len(scores)))
    place = places(scores)
    for r in range(scores.shape[1]):
        better = correct[:, [r]] > correct  # NaN compares as False: a missing cell makes no pair
        wins += (better & (place[:, [r]] < place)).sum(axis=1)
        wins += (better & (place[:, [r]] == place)).sum(axis=1) / 2
        pairs += better.sum(axis=1)
    return Tally(wins, pairs)


def ranking(scores: Floats, accuracies: Floats) -> Places:
    """(m, R) positions of the LLMs, best first, eq. 5: score, then mean accuracy on the bank, then pool order."""
    order = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return np.lexsort((order, np.broadcast_to(places(accuracies), scores.shape), places(scores)), axis=-1)


def first(order: Places, correct: Grades) -> Tally:
    """Top-1 accuracy: the grade of the LLM ranked first; a question whose first LLM was never asked says nothing."""
    return _known(np.take_along_axis(correct, order[:, :1], axis=1)[:, 0])


def any_right(order: Places, correct: Grades, k: int) -> Tally:
    """The best grade among the first `k`: with grades 0 and 1, whether at least one of them is right (OCA)."""
    grades = np.take_along_axis(correct, order[:, :k], axis=1)
    best = np.where(np.isnan(grades), -1.0, grades).max(axis=1)
    return _known(np.where(best < 0, np.nan, best))


def _known(grades: Grades) -> Tally:
    known = ~np.isnan(grades)
    return Tally(np.where(known, grades, 0.0).astype(np.float64), known.astype(np.float64))


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
