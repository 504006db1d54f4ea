"""How much a bank question says about a query: nearness in meaning, in shape and in topic, in one exponent.

    L_i = SIMILARITY cos_i - shape D_i + topic log(p(topic of i | query) + FLOOR)

cos_i compares embeddings, D_i the shapes of the texts (left out where texts are not given). Weights exp(L_i / tau) have
an effective number of (sum w)^2 / sum w^2; tau is set inside the bank so that its median is span sqrt(N), a quarter of
N at most, whatever the scale of the embedder's cosines. Nothing here looks at an LLM: all LLMs share the weights and
tau, so that a question's difficulty shifts all scores alike.
"""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.shared.selector import Queries, TrainingSet, Vectors
from smacs.nodes.selectors.shared.traits import Shapes, Topics

SIMILARITY = 7.0  # the unit of the other two weights: tau makes up for its size
FLOOR = 0.02
SAMPLE = 512  # bank questions that tau is found with, fewer in a bank where they are more than CELLS comparisons
CELLS = 1 << 22
COLDEST, HOTTEST = 1 / 64, 64.0


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """m queries beside N bank questions, all (m, N): SIMILARITY cos, D if there are texts, log(p + FLOOR)."""

    meaning: Vectors
    shape: Vectors | None
    topic: Vectors

    def exponents(self, shape: float, topic: float) -> Vectors:
        """(m, N) the L above."""
        result = np.float32(topic) * self.topic
        result += self.meaning
        if self.shape is not None:
            result -= np.float32(shape) * self.shape
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """The bank's `matrix` (N, d), shapes if it has texts, and topics."""

    matrix: Vectors
    shapes: Shapes | None
    topics: Topics

    @classmethod
    def of(cls, training: TrainingSet) -> "Affinity":
        """What of a bank is needed to compare a query with its questions."""
        return cls(training.matrix, Shapes.of(training.texts) if training.texts else None, Topics.of(training))

    def likeness(self, queries: Queries) -> Likeness:
        """The queries beside the bank."""
        shapes = self.shapes.standardised(queries.texts) if self.shapes and queries.texts else None
        return self._beside(queries, shapes)

    def sample(self) -> Likeness:
        """Some of the bank's own questions, each beside all others: what `temperature` looks at."""
        count = len(self.matrix)
        rows = np.random.default_rng(0).permutation(count)[: max(16, min(SAMPLE, CELLS // count))]
        found = self._beside(Queries.live(self.matrix[rows]), self.shapes.rows[rows] if self.shapes else None)
        found.meaning[np.arange(len(rows)), rows] = -np.inf
        return found

    def _beside(self, queries: Queries, shapes: Vectors | None) -> Likeness:
        meaning = queries.vectors @ self.matrix.T
        meaning *= np.float32(SIMILARITY)
        topic = np.log(self.topics.shares(queries) + FLOOR).astype(np.float32)[:, self.topics.codes]
        shape = self.shapes.distances(shapes) if self.shapes and shapes is not None else None
        return Likeness(meaning, shape, topic)


def softmax(exponents: Vectors, tau: float) -> Vectors:
    """exp(L / tau), scaled so that the largest weight of a query is 1."""
    weights: Vectors = exponents - exponents.max(axis=1, keepdims=True)
    weights /= np.float32(tau)
    return np.exp(weights, out=weights)


def temperature(exponents: Vectors, span: float) -> float:
    """The tau at which the median effective number is span sqrt(N), from exponents (s, N) of bank questions."""
    from scipy.optimize import brentq

    count = exponents.shape[1]
    if count < 3:
        return 1.0
    wanted = min(span * float(count) ** 0.5, count / 4)

    def excess(log_tau: float) -> float:
        weights = softmax(exponents, float(np.exp(log_tau)))
        squares = np.einsum("sn,sn->s", weights, weights)
        return float(np.log(np.median(weights.sum(axis=1) ** 2 / squares) / wanted))

    low, high = np.log([COLDEST, HOTTEST])
    if excess(low) >= 0:
        return COLDEST
    return HOTTEST if excess(high) <= 0 else float(np.exp(brentq(excess, low, high, xtol=1e-6)))
