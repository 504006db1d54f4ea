"""Simple Router: the LLM that was best on the bank's questions of the same data set (paper, table 1)."""

from dataclasses import dataclass

from smacs.nodes.selectors.shared.columns import Groups
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet


@dataclass(frozen=True, slots=True)
class SimpleRouter:
    """Accuracy by data set; the data set of a live question is that of the nearest bank question."""

    name: str = "simple_router"
    summary: str = "Accuracy on the bank's questions of the same data set (Simple Router, arXiv 2507.14200, table 1)"

    def fit(self, training: TrainingSet) -> "FittedSimpleRouter":
        """Average each column over each data set."""
        return FittedSimpleRouter(Groups.of(training, training.datasets))


@dataclass(frozen=True, slots=True)
class FittedSimpleRouter:
    """Accuracies by data set."""

    groups: Groups

    def scores(self, queries: Queries) -> Floats:
        """(m, R) accuracies on the queries' data sets."""
        return self.groups.scores(queries.datasets, queries.vectors)


SELECTOR = SimpleRouter()
