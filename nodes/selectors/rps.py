"""RPS, the paper's prior: similarity-weighted right answers in the support set, eq. 2-4."""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.prior_score import prior_scores
from smacs.nodes.retrieve import support_set
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet, Vectors

N_BASE = 400  # N_sup_base and gamma of the paper, A.3
GAMMA = 0.95


@dataclass(frozen=True, slots=True)
class Rps:
    """Retrieval-based prior selection; nothing is learned and nothing copied."""

    n_base: int = N_BASE
    gamma: float = GAMMA
    name: str = "rps"
    summary: str = "Similarity-weighted right answers among the support questions (SMACS, arXiv 2507.14200, eq. 2-4)"

    def fit(self, training: TrainingSet) -> "FittedRps":
        """Keep the bank as it is."""
        return FittedRps(training, self.n_base, self.gamma)


@dataclass(frozen=True, slots=True)
class FittedRps:
    """The bank and the two settings of eq. 3."""

    training: TrainingSet
    n_base: int
    gamma: float

    def scores(self, queries: Queries) -> Floats:
        """(m, R) priors, to the last bit those of the node `prior_score`."""
        rows = [self._prior(vector) for vector in queries.vectors]
        return np.array(rows).reshape(len(rows), self.training.correct.shape[1])

    def _prior(self, vector: Vectors) -> Floats:
        support = support_set(self.training.matrix, vector, n_base=self.n_base, gamma=self.gamma)
        return prior_scores(support.similarities, self.training.correct[support.indices])


SELECTOR = Rps()
