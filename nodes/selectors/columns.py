"""V by LLM: averages over the cells that exist, each LLM by itself, so that no LLM can change another's score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.selectors.selector import Codes, Floats, Vectors, block_size


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
