"""Shaped kernel: the softmax kernel with a richer idea of what a similar question is: meaning, shape and topic.

    score_r = sum_i w_i V[i, r] / sum_i w_i        w_i = exp(L_i / tau), L and tau of `affinity`

An average over few hundred questions is noisy, and a wider one is biased; shape and topic allow a wider one. All LLMs
share the weights: a strength of smoothing chosen by LLM would follow the difficulty of questions, which ranks nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from smacs.nodes.selectors.shared.affinity import Affinity, Likeness, softmax, temperature
from smacs.nodes.selectors.shared.columns import Columns
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet
from smacs.nodes.shared.tuning import Alternatives


@dataclass(frozen=True, slots=True)
class ShapedKernel:
    """Softmax kernel over three kinds of likeness; reads the texts where they are given."""

    shape: Annotated[float, Alternatives(0.4, 1.2)] = 0.72
    topic: Annotated[float, Alternatives(0.2)] = 0.4
    span: Annotated[float, Alternatives(4.0, 10.0)] = 6.2
    name: str = "shaped_kernel"
    summary: str = "Softmax kernel on the embedding, the text's shape and the predicted topic (SMACS)"

    def fit(self, training: TrainingSet) -> "FittedShapedKernel":
        """Describe the bank's questions, and set the temperature."""
        return _fitted([self], training)

    def scores_of_each(self, others: Sequence["ShapedKernel"], training: TrainingSet, queries: Queries) -> list[Floats]:
        """Scores by several settings; questions are described and compared once."""
        return _fitted(others, training).scores_of_each(queries)


@dataclass(frozen=True, slots=True, eq=False)
class FittedShapedKernel:
    """What is compared, the columns, and the settings, each with its temperature."""

    affinity: Affinity
    columns: Columns
    kernels: list[tuple[ShapedKernel, float]]

    def scores(self, queries: Queries) -> Floats:
        """(m, R) smoothed accuracies."""
        return self.scores_of_each(queries)[0]

    def scores_of_each(self, queries: Queries) -> list[Floats]:
        """The same for each of the settings."""
        blocks = [self._block(self.affinity.likeness(block)) for block in queries.blocks(len(self.affinity.matrix))]
        return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]

    def _block(self, likeness: Likeness) -> list[Floats]:
        exponents = ((likeness.exponents(kernel.shape, kernel.topic), tau) for kernel, tau in self.kernels)
        return [self.columns.average(softmax(found, tau))[0] for found, tau in exponents]


def _fitted(kernels: Sequence[ShapedKernel], training: TrainingSet) -> FittedShapedKernel:
    affinity = Affinity.of(training)
    sample = affinity.sample()
    taus = [temperature(sample.exponents(kernel.shape, kernel.topic), kernel.span) for kernel in kernels]
    return FittedShapedKernel(affinity, Columns.of(training.correct), list(zip(kernels, taus, strict=True)))


SELECTOR = ShapedKernel()
