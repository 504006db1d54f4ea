"""What is measured of a ranking, one number a test question: `gained` of `of`.

A `Tally` keeps both, so that shares can be pooled over questions and splits, resampled and compared in pairs. Scores
are (m, R), larger is better; `correct` is (m, R), grades in [0, 1], NaN where an LLM was never asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.shared.determinism import places

Floats = npt.NDArray[np.float64]
Grades = npt.NDArray[np.floating]
Places = npt.NDArray[np.int64]


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
