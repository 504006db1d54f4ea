"""Shaped kernel: the softmax kernel with a richer idea of what a similar question is: meaning, shape and topic.

    score_r = sum_i w_i V[i, r] / sum_i w_i        w_i = exp(L_i / tau), L and tau of `affinity`

An average over few hundred questions is noisy, and a wider one is biased; shape and topic allow a wider one. All LLMs
share the weights: a strength of smoothing chosen by LLM would follow the difficulty of questions, which ranks nobody.
"""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.affinity import Affinity, softmax
from smacs.nodes.selectors.columns import Columns
from smacs.nodes.selectors.selector import Floats, Known, Queries


@dataclass(frozen=True, slots=True)
class ShapedKernel:
    """Softmax kernel over three kinds of likeness; reads the texts where they are given."""

    name: str = "shaped_kernel"
    summary: str = "Softmax kernel on the embedding, the text's shape and the predicted topic (SMACS)"

    def fit(self, known: Known) -> "FittedShapedKernel":
        """Describe the bank's questions, and set the temperature."""
        affinity = Affinity.of(known)
        return FittedShapedKernel(affinity, Columns.of(known.correct), affinity.tau())


@dataclass(frozen=True, slots=True, eq=False)
class FittedShapedKernel:
    """What is compared, the columns, and the temperature."""

    affinity: Affinity
    columns: Columns
    tau: float

    def scores(self, queries: Queries) -> Floats:
        """(m, R) smoothed accuracies."""
        blocks = queries.blocks(len(self.affinity.matrix))
        return np.concatenate([self._block(block) for block in blocks])

    def _block(self, queries: Queries) -> Floats:
        return self.columns.average(softmax(self.affinity.exponents(queries), self.tau))[0]


SELECTOR = ShapedKernel()
