"""Cluster ranks: k-means over the bank, accuracy in each cluster, the nearest clusters speak (Avengers, 2505.19797)."""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.shared.columns import Columns, nearest
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet, Vectors

CLUSTERS = 64  # as in the paper; fewer for small banks, at least QUESTIONS in each on average
QUESTIONS = 20
NEAREST = 4
BETA = 9.0  # sharpness of the softmax over the nearest clusters
SAMPLE = 50_000  # questions that the centres are computed from
SHRINK = 10.0  # the global mean counts like so many questions of a cluster


@dataclass(frozen=True, slots=True)
class ClusterRanks:
    """Avengers' router: k-means clusters with an accuracy for each LLM."""

    clusters: int = CLUSTERS
    name: str = "cluster_ranks"
    summary: str = "Accuracy in the nearest k-means clusters of bank questions (Avengers, arXiv 2505.19797)"

    def fit(self, training: TrainingSet) -> "FittedClusterRanks":
        """Cluster the questions (a sample of a large bank) and average each column over each cluster."""
        count = max(1, min(self.clusters, len(training.matrix) // QUESTIONS))
        centres = _centres(training.matrix, count)
        columns = Columns.of(training.correct)
        codes = nearest(centres, training.matrix).astype(np.int32)
        return FittedClusterRanks(centres, columns.by_group(codes, count, columns.means, SHRINK))


def _centres(matrix: Vectors, count: int) -> Vectors:
    """(count, d) directions of the k-means centres."""
    from sklearn.cluster import KMeans

    rows = np.random.default_rng(0).permutation(len(matrix))[:SAMPLE]
    centres = KMeans(count, random_state=0).fit(matrix[np.sort(rows)]).cluster_centers_
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    directions: Vectors = (centres / np.maximum(lengths, 1e-12)).astype(np.float32)
    return directions


@dataclass(frozen=True, slots=True)
class FittedClusterRanks:
    """`centres` (C, d) and `accuracies` (C, R)."""

    centres: Vectors
    accuracies: Floats

    def scores(self, queries: Queries) -> Floats:
        """(m, R) accuracies of the nearest clusters, weighted by softmax(BETA * similarity)."""
        return np.concatenate([self._block(block.vectors) for block in queries.blocks(len(self.centres))])

    def _block(self, vectors: Vectors) -> Floats:
        similarity = vectors @ self.centres.T
        near = np.argsort(-similarity, axis=1, kind="stable")[:, :NEAREST]
        close = np.take_along_axis(similarity, near, axis=1).astype(np.float64)
        weights = np.exp(BETA * (close - close[:, :1]))
        weights /= weights.sum(axis=1, keepdims=True)
        scores: Floats = (weights[:, :, None] * self.accuracies[near]).sum(axis=1)
        return scores


SELECTOR = ClusterRanks()
