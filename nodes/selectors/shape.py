"""The shape of a question's text: twelve numbers about what its embedding blurs, calculation or knowledge above all.

Options are the lines that begin with a letter in the form `(A)`, `A.`, `A)` or `A:`; the stem is what precedes them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from smacs.nodes.selectors.selector import Vectors

OPTION = re.compile(r"^[ \t]*\(?[A-Z][).:][ \t]+", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SYMBOLS = "\\$^_{}="  # of formulas
OPERATORS = "+-*/=<>"
SHORT = 25  # characters: an option with digits and no longer than this is a result, not a sentence
FEATURES = 12


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
