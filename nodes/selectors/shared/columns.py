"""Columns of V: averages over the cells that exist, each LLM by itself, so that no LLM can change another's score.

`Groups` are questions with the same label (data set, subject): what each LLM got right in a group, and the group of a
query.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.selectors.shared.selector import Codes, Floats, TrainingSet, Vectors, block_size


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of V: `filled` (R, N) with 0 for missing cells; `known` (N,) of 0 and 1, or None without gaps.

    `means` (R,) are the LLMs' accuracies, 0 for one that was never evaluated.
    """

    filled: Vectors
    known: list[Vectors | None]
    means: Floats

    @classmethod
    def of(cls, correct: Vectors) -> "Columns":
        """From V (N, R) with NaN where never evaluated."""
        gaps = np.isnan(correct.T)
        filled = np.ascontiguousarray(np.where(gaps, 0, correct.T), np.float32)
        known = [(~gap).astype(np.float32) if gap.any() else None for gap in gaps]
        cells = (~gaps).sum(axis=1)
        means = np.divide(filled.sum(axis=1, dtype=np.float64), cells, out=np.zeros(len(cells)), where=cells > 0)
        return cls(filled, known, means)

    def average(self, weights: Vectors) -> tuple[Floats, Floats]:
        """(m, R) averages of V with weights (m, N) over the cells that exist, and (m, R) the weights they got.

        Where an LLM has no weighted cell, its overall mean.
        """
        total = weights.sum(axis=1)
        gained = _by_llm([weights @ column for column in self.filled], len(weights))
        weight = _by_llm([total if known is None else weights @ known for known in self.known], len(weights))
        means = np.broadcast_to(self.means, gained.shape).copy()
        return np.divide(gained, weight, out=means, where=weight > 0), weight

    def by_group(self, codes: Codes, groups: int, prior: Floats, strength: float = 0.0) -> Floats:
        """(groups, R) mean of V in each group of questions; `prior` (R,) counts like `strength` more questions."""
        result = np.empty((groups, len(self.filled)))
        size = np.bincount(codes, minlength=groups).astype(np.float64)
        for r, (column, known) in enumerate(zip(self.filled, self.known, strict=True)):
            cells = size if known is None else np.bincount(codes, known, groups)
            gained = np.bincount(codes, column, groups) + strength * prior[r]
            result[:, r] = np.where(cells + strength > 0, gained / np.maximum(cells + strength, 1e-12), prior[r])
        return result


def _by_llm(columns: list[Vectors], rows: int) -> Floats:
    """(m, R) from a list of R columns (m,), also when R is 0."""
    return np.array(columns, np.float64).reshape(len(columns), rows).T


def nearest(matrix: Vectors, vectors: Vectors) -> npt.NDArray[np.int64]:
    """(m,) the row of `matrix` (N, d) that is most similar to each of `vectors` (m, d)."""
    size = block_size(len(matrix))
    parts = [(vectors[i : i + size] @ matrix.T).argmax(axis=1) for i in range(0, max(len(vectors), 1), size)]
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """`accuracies` (G, R) of each group; `codes` (N,) the group of every bank question; `matrix` (N, d)."""

    accuracies: Floats
    codes: Codes
    matrix: Vectors

    @classmethod
    def of(cls, training: TrainingSet, codes: Codes) -> "Groups":
        """The groups that `codes` (N,) make. An LLM without a cell in a group has its overall mean there."""
        columns = Columns.of(training.correct)
        return cls(columns.by_group(codes, int(codes.max()) + 1, columns.means), codes, training.matrix)

    def scores(self, codes: Codes, vectors: Vectors) -> Floats:
        """(m, R) accuracies in the queries' groups; a group not in the bank is taken from the nearest question."""
        return self.accuracies[self.resolve(codes, vectors)]

    def resolve(self, codes: Codes, vectors: Vectors) -> Codes:
        """The codes (m,) with unknown ones replaced by the group of the nearest bank question."""
        strange = ~np.isin(codes, self.codes)
        resolved = codes.copy()
        resolved[strange] = self.codes[nearest(self.matrix, vectors[strange])]
        return resolved
