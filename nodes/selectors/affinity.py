"""How much a bank question says about a query: nearness in meaning, in shape and in topic, in one exponent.

    L_i = SIMILARITY cos_i - SHAPE D_i + TOPIC log(p(topic of i | query) + FLOOR)

cos_i compares embeddings, D_i the shapes of the texts (left out where texts are not given). Weights exp(L_i / tau) have
an effective number of (sum w)^2 / sum w^2; tau is set inside the bank so that its median is SPAN sqrt(N), a quarter of
N at most, whatever the scale of the embedder's cosines. Nothing here looks at an LLM. The constants are defaults from
three-fold cross-validation on recorded MMLU-Pro answers; all LLMs share them and tau, so that a question's difficulty
shifts all scores alike.
"""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.selector import CELLS, Known, Queries, Vectors
from smacs.nodes.selectors.shape import Shapes
from smacs.nodes.selectors.topics import Topics

SIMILARITY = 7.0
SHAPE = 0.72
TOPIC = 0.4
FLOOR = 0.02
SPAN = 6.2
SAMPLE = 512  # bank questions that tau is found with


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """The bank's `matrix` (N, d), shapes if it has texts, and topics."""

    matrix: Vectors
    shapes: Shapes | None
    topics: Topics

    @classmethod
    def of(cls, known: Known) -> "Affinity":
        """What of a bank is needed to compare a query with its questions."""
        return cls(known.matrix, Shapes.of(known.texts) if known.texts else None, Topics.of(known))

    def exponents(self, queries: Queries) -> Vectors:
        """(m, N) the L above."""
        result = self._of_vectors(queries)
        if self.shapes and queries.texts:
            result -= np.float32(SHAPE) * self.shapes.distances(self.shapes.standardised(queries.texts))
        return result

    def tau(self) -> float:
        """The temperature for this bank, from a sample of its questions, each compared with all others."""
        count = len(self.matrix)
        if count < 3:
            return 1.0
        rows = np.random.default_rng(0).permutation(count)[: max(16, min(SAMPLE, CELLS // count))]
        exponents = self._of_vectors(Queries.live(self.matrix[rows]))
        if self.shapes:
            exponents -= np.float32(SHAPE) * self.shapes.distances(self.shapes.rows[rows])
        exponents[np.arange(len(rows)), rows] = -np.inf
        return _tau(exponents, min(SPAN * float(count) ** 0.5, count / 4))

    def _of_vectors(self, queries: Queries) -> Vectors:
        """The terms for which the embedding and the known codes are enough."""
        near = (TOPIC * np.log(self.topics.shares(queries) + FLOOR)).astype(np.float32)
        result: Vectors = np.float32(SIMILARITY) * (queries.vectors @ self.matrix.T) + near[:, self.topics.codes]
        return result


def softmax(exponents: Vectors, tau: float) -> Vectors:
    """exp(L / tau), scaled so that the largest weight of a query is 1."""
    weights: Vectors = (exponents - exponents.max(axis=1, keepdims=True)) / np.float32(tau)
    return np.exp(weights, out=weights)


def _tau(exponents: Vectors, wanted: float) -> float:
    """The temperature at which the median effective number of weights is `wanted`, by bisection."""
    low, high = 1 / 64, 64.0
    for _ in range(24):
        middle = float((low * high) ** 0.5)
        weights = softmax(exponents, middle)
        number = float(np.median(weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1)))
        low, high = (middle, high) if number < wanted else (low, middle)
    return float((low * high) ** 0.5)
