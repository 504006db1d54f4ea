"""Traits of questions beside their embeddings: the shape of the text, and the topic.

The shape is twelve numbers about what an embedding blurs, calculation or knowledge above all. Options are the lines
that begin with a letter in the form `(A)`, `A.`, `A)` or `A:`; the stem is what precedes them.

The topic (data set and subject) of a live question comes from a logistic regression on the embeddings of the bank. It
is learned from the questions alone, so every LLM shares it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from smacs.nodes.selectors.shared.selector import Codes, Floats, Queries, TrainingSet, Vectors

Indices = npt.NDArray[np.int64]
OPTION = re.compile(r"^[ \t]*\(?[A-Z][).:][ \t]+", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SYMBOLS = "\\$^_{}="  # of formulas
OPERATORS = "+-*/=<>"
SHORT = 25  # characters: an option with digits and no longer than this is a result, not a sentence
FEATURES = 12
INVERSE_STRENGTH = 10.0  # C of scikit-learn: rows have length 1, so their weights are large
SAMPLE = 20_000  # questions of a larger bank that the topics are learned from


@lru_cache(maxsize=1 << 14)  # the folds of a cross-validation have their texts in common
def shape(text: str) -> tuple[float, ...]:
    """The FEATURES numbers of one text."""
    stem, *rest = (part.strip() for part in OPTION.split(text))
    options = rest or [""]
    words = stem.split() or [""]
    numeric = [any(map(str.isdigit, option)) for option in options]
    lengths = np.log1p([len(option) for option in options])
    return (
        sum(numeric) / len(options),
        sum(digits and len(option) <= SHORT for digits, option in zip(numeric, options, strict=True)) / len(options),
        len(rest),
        sum(map(str.isdigit, stem)) / max(len(stem), 1),
        np.log1p(len(NUMBER.findall(stem))),
        np.log1p(sum(map(text.count, SYMBOLS))),
        np.log1p(sum(map(stem.count, OPERATORS))),
        lengths.mean(),
        lengths.std(),
        sum(map(str.isupper, stem)) / max(len(stem), 1),
        sum(map(len, words)) / len(words),
        len(set(words)) / len(words),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Shapes of the bank's questions, `rows` (N, FEATURES), standardised by `mean` and `spread` (FEATURES,)."""

    rows: Vectors
    mean: Vectors
    spread: Vectors

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Shapes":
        """The shapes of N > 0 texts; a number that never changes is left out of every distance."""
        raw = _raw(texts)
        mean, spread = raw.mean(axis=0), raw.std(axis=0)
        spread[spread < 1e-6] = np.inf
        return cls((raw - mean) / spread, mean, spread)

    def standardised(self, texts: Sequence[str]) -> Vectors:
        """(m, FEATURES) shapes of other texts, on the bank's scale."""
        result: Vectors = (_raw(texts) - self.mean) / self.spread
        return result

    def distances(self, asked: Vectors) -> Vectors:
        """(m, N) mean squared differences between standardised shapes (m, FEATURES) and the bank's."""
        squares = (asked**2).sum(axis=1)[:, None] + (self.rows**2).sum(axis=1) - 2 * (asked @ self.rows.T)
        result: Vectors = np.maximum(squares, 0) / np.float32(FEATURES)
        return result


def _raw(texts: Sequence[str]) -> Vectors:
    return np.array([shape(text) for text in texts], np.float32).reshape(len(texts), FEATURES)


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
    def of(cls, training: TrainingSet) -> "Topics":
        """Learn the topics of a bank."""
        pairs = np.stack([training.datasets, training.subjects], axis=1)
        labels, codes = np.unique(pairs, axis=0, return_inverse=True)
        codes = codes.reshape(-1)
        rows = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
        weights, offsets = _learn(training.matrix[np.sort(rows)], codes[np.sort(rows)], len(labels))
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
