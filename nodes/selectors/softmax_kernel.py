"""Softmax kernel: every bank question counts, the more the more similar (Nadaraya-Watson smoothing).

    score_r = sum_i w_i V[i, r] / sum_i w_i        w_i = exp(S_i / tau)

All LLMs share tau: a question's own difficulty then shifts their scores alike and cancels.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from smacs.nodes.selectors.shared.columns import Columns
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet, Vectors
from smacs.nodes.shared.tuning import Alternatives


@dataclass(frozen=True, slots=True)
class SoftmaxKernel:
    """Kernel average with temperature `tau`."""

    tau: Annotated[float, Alternatives(0.05, 0.07, 0.14, 0.2)] = 0.1
    name: str = "softmax_kernel"
    summary: str = "Average of right answers with weights softmax(similarity / tau) (Nadaraya-Watson)"

    def fit(self, training: TrainingSet) -> "FittedSoftmaxKernel":
        """Lay the columns out by LLM."""
        return FittedSoftmaxKernel(training.matrix, Columns.of(training.correct), self.tau)


@dataclass(frozen=True, slots=True)
class FittedSoftmaxKernel:
    """The bank's vectors (N, d) and columns."""

    matrix: Vectors
    columns: Columns
    tau: float

    def scores(self, queries: Queries) -> Floats:
        """(m, R) smoothed accuracies."""
        return np.concatenate([self._block(block.vectors) for block in queries.blocks(len(self.matrix))])

    def _block(self, vectors: Vectors) -> Floats:
        weights = vectors @ self.matrix.T
        weights -= weights.max(axis=1, keepdims=True)
        weights /= np.float32(self.tau)
        return self.columns.average(np.exp(weights, out=weights))[0]


SELECTOR = SoftmaxKernel()
