"""The topic (data set and subject) of a live question: logistic regression on the embeddings of the bank.

It is learned from the questions alone, so every LLM shares it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.selectors.selector import Codes, Floats, Known, Queries, Vectors

INVERSE_STRENGTH = 10.0  # C of scikit-learn: rows have length 1, so their weights are large
SAMPLE = 20_000  # questions of a larger bank that are learned from
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Topics:
    """`weights` (d, G) and `offsets` (G,) of G topics, `labels` (G, 2) that each stands for, and `codes` (N,).

    A topic that was not learned has the offset -inf.
    """

    weights: Vectors
    offsets: Floats
    labels: Codes
    codes: Indices

    @classmethod
    def of(cls, known: Known) -> "Topics":
        """Learn the topics of a bank."""
        pairs = np.stack([known.datasets, known.subjects], axis=1)
        labels, codes = np.unique(pairs, axis=0, return_inverse=True)
        codes = codes.reshape(-1)
        rows = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
        weights, offsets = _learn(known.matrix[np.sort(rows)], codes[np.sort(rows)], len(labels))
        return cls(weights, offsets, labels, codes)

    def shares(self, queries: Queries) -> Floats:
        """(m, G) probabilities of the topics; topics that contradict a query's known codes have none."""
        logits = queries.vectors @ self.weights + self.offsets
        given = np.stack([queries.datasets, queries.subjects], axis=1)
        possible = ((given[:, None] == self.labels) | (given[:, None] < 0)).all(axis=2) & (logits > -np.inf)
        possible |= ~possible.any(axis=1, keepdims=True)
        logits = np.where(possible, logits, -np.inf)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Floats = shares / shares.sum(axis=1, keepdims=True)
        return result


def _learn(matrix: Vectors, codes: Indices, topics: int) -> tuple[Vectors, Floats]:
    """Weights (d, topics) and offsets (topics,) from embeddings (n, d) and their topics (n,)."""
    from sklearn.linear_model import LogisticRegression

    weights, offsets = np.zeros((matrix.shape[1], topics), np.float32), np.full(topics, -np.inf)
    present = np.unique(codes)
    if len(present) == 1:
        offsets[present] = 0
        return weights, offsets
    model = LogisticRegression(C=INVERSE_STRENGTH, tol=1e-3).fit(matrix, codes)
    pair = len(present) == 2  # then scikit-learn gives the second topic's weights alone
    weights[:, present[1:] if pair else present] = model.coef_.T
    offsets[present] = [0, model.intercept_[0]] if pair else model.intercept_
    return weights, offsets
