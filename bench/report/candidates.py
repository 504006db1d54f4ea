"""The candidates of SMACS as arrays, and ways to choose among them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.bench.run.records import Outcome
from smacs.nodes.shared.determinism import places

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
RIGHT = 0.5  # what is graded from here on counts as right


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Of m questions with n candidates at most: `right` (0 or 1), similarity, perplexity and score of each (m, n), NaN
    where there is none; `selected` (m,) is the position of the one that SMACS chose."""

    right: Floats
    similarity: Floats
    perplexity: Floats
    score: Floats
    selected: Ints

    @property
    def some(self) -> Bools:
        """(m,) whether a candidate is right."""
        return np.asarray(np.nanmax(self.right, axis=1) > 0)

    @property
    def choosable(self) -> Bools:
        """(m,) whether the choice decides: some are right and some are wrong."""
        return np.asarray(self.some & (np.nanmin(self.right, axis=1) == 0))

    def by_similarity(self) -> Ints:
        """(m,) the candidate most like the others; ties as SMACS breaks them."""
        return _first(-self.similarity, self.perplexity)

    def by_perplexity(self) -> Ints:
        """(m,) the candidate of the lowest perplexity."""
        return _first(self.perplexity, self.perplexity)

    def at(self, position: Ints) -> Floats:
        """(m,) whether the candidates at these positions are right."""
        return np.asarray(self.right[np.arange(len(position)), position])

    def where(self, rows: Bools) -> "Candidates":
        """Those of some questions."""
        similarity, perplexity, score = self.similarity[rows], self.perplexity[rows], self.score[rows]
        return Candidates(self.right[rows], similarity, perplexity, score, self.selected[rows])


def candidates(lines: Sequence[Outcome]) -> Candidates:
    """From lines that all have candidates and a selected one."""
    shape = (len(lines), max((len(line.candidates) for line in lines), default=0))
    arrays = np.full((4, *shape), np.nan)
    for row, line in enumerate(lines):
        for column, c in enumerate(line.candidates):
            found = (float(c.correct >= RIGHT), c.similarity, c.perplexity, c.score)
            arrays[:, row, column] = [np.nan if value is None else value for value in found]
    right, similarity, perplexity, score = arrays
    return Candidates(right, similarity, perplexity, score, np.array([line.selected for line in lines], np.int64))


def _first(keys: Floats, perplexity: Floats) -> Ints:
    """(m,) position of the least key; ties: the lower perplexity, then the lower position."""
    position = np.broadcast_to(np.arange(keys.shape[1]), keys.shape)
    return np.asarray(np.lexsort((position, places(-perplexity), places(-keys)), axis=-1)[:, 0])
