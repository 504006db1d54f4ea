"""kNN with shrinkage: the nearest questions, pulled towards the data set's mean, and that towards the global one.

With a_r the similarity-weighted mean over the k nearest questions, and w the number of them that LLM r answered:

    m_d = (n_d mean_d + B mean) / (n_d + B)        score = (w a_r + A m_d) / (w + A)
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from smacs.nodes.selectors.shared.columns import Columns, Groups
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet, Vectors
from smacs.nodes.shared.tuning import Alternatives

TO_DATASET = 40.0  # A: the data set's mean counts like so many neighbours
TO_GLOBAL = 40.0  # B: the global mean counts like so many questions of the data set


@dataclass(frozen=True, slots=True)
class KnnShrinkage:
    """Empirical-Bayes kNN in two steps."""

    k: Annotated[int, Alternatives(100, 200, 800)] = 400  # the paper's N_sup_base
    name: str = "knn_shrinkage"
    summary: str = "Mean over the k nearest questions, shrunk to the data set's and the global mean (empirical Bayes)"

    def fit(self, training: TrainingSet) -> "FittedKnnShrinkage":
        """Shrink the means of the data sets."""
        columns = Columns.of(training.correct)
        means = columns.by_group(training.datasets, int(training.datasets.max()) + 1, columns.means, TO_GLOBAL)
        return FittedKnnShrinkage(
            Groups(means, training.datasets, training.matrix), columns, min(self.k, len(training.matrix))
        )


@dataclass(frozen=True, slots=True)
class FittedKnnShrinkage:
    """The data sets' means, the columns, and k <= N."""

    groups: Groups
    columns: Columns
    k: int

    def scores(self, queries: Queries) -> Floats:
        """(m, R) shrunk accuracies."""
        means = self.groups.scores(queries.datasets, queries.vectors)
        local = np.concatenate([self._block(block.vectors) for block in queries.blocks(len(self.groups.matrix))])
        average, count = np.split(local, 2, axis=1)
        scores: Floats = (count * average + TO_DATASET * means) / (count + TO_DATASET)
        return scores

    def _block(self, vectors: Vectors) -> Floats:
        """(m, 2R): the average over the neighbours, and the number of neighbours that each LLM answered."""
        similarity = np.maximum(vectors @ self.groups.matrix.T, 0)
        at = similarity.shape[1] - self.k
        floor = np.partition(similarity, at, axis=1)[:, at, None]
        weights = np.where(similarity >= floor, similarity, np.float32(0))
        average, weight = self.columns.average(weights)
        total = weights.sum(axis=1, dtype=np.float64)[:, None]
        share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return np.hstack([average, self.k * share])


SELECTOR = KnnShrinkage()
