"""Chance: LLMs ranked at random, to see what the others are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet, Vectors
from smacs.nodes.shared.determinism import random_of


@dataclass(frozen=True, slots=True)
class Chance:
    """A random score that the question determines, so that it is the same again."""

    name: str = "chance"
    summary: str = "Random, the same for the same question (baseline)"

    def fit(self, training: TrainingSet) -> "FittedChance":
        """Nothing to learn but the number of LLMs."""
        return FittedChance(training.correct.shape[1])


@dataclass(frozen=True, slots=True)
class FittedChance:
    """The number of LLMs."""

    llms: int

    def scores(self, queries: Queries) -> Floats:
        """(m, R) uniform in [0, 1); an LLM's score depends on its place and the question alone."""
        rows = [random_of(None, "chance", name).random(self.llms) for name in _names(queries.texts, queries.vectors)]
        return np.array(rows).reshape(len(rows), self.llms)


def _names(texts: Sequence[str], vectors: Vectors) -> list[str]:
    """What tells the questions apart: their texts, else their embeddings."""
    return list(texts) if len(texts) else [vector.tobytes().hex() for vector in vectors]


SELECTOR = Chance()
