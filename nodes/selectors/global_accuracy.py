"""Global accuracy: every question gets the same ranking, that of the whole bank."""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.shared.columns import Columns
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet


@dataclass(frozen=True, slots=True)
class GlobalAccuracy:
    """The best LLM of the bank, always."""

    name: str = "global_accuracy"
    summary: str = "Mean accuracy over the whole bank: the same ranking for every question (baseline)"

    def fit(self, training: TrainingSet) -> "FittedGlobalAccuracy":
        """Average each column."""
        return FittedGlobalAccuracy(Columns.of(training.correct).means)


@dataclass(frozen=True, slots=True)
class FittedGlobalAccuracy:
    """`means` (R,)."""

    means: Floats

    def scores(self, queries: Queries) -> Floats:
        """(m, R), all rows alike."""
        return np.tile(self.means, (len(queries.vectors), 1))


SELECTOR = GlobalAccuracy()
