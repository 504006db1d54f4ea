"""Skills: what each LLM got right and wrong of what the bank's questions ask for (Symbolic-MoE, arXiv 2503.05641).

With V of eq. 1, the profile of an LLM is

    profile of skill s = sum over the questions that ask for s of (2 V - 1)      +1 for a right, -1 for a wrong answer

where a cell that was never evaluated counts like the mean of those that were. Its strength is the sum of its profile,
squared and normalised over the LLMs, its suitability for a question the sum of its profile over the question's skills
times its strength. LLMs that are not suitable at all (a sum of 0 or less) are left out where others are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.selectors.columns import Columns

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Skills:
    """G skills, R LLMs: `profiles` (G, R), `strengths` (R,), `shares` (R,) of the draws for all bank questions."""

    profiles: Floats
    strengths: Floats
    shares: Floats

    @classmethod
    def of(cls, questions: Codes, codes: Codes, correct: npt.NDArray[np.float32], count: int) -> "Skills":
        """From pairs of a question and one of `count` skills that it asks for, both (P,), and V (N, R)."""
        columns, sizes = Columns.of(correct[questions]), np.bincount(codes, minlength=count)
        accuracies = columns.by_group(codes.astype(np.int32), count, Columns.of(correct).means)
        profiles = (2 * accuracies - 1) * sizes[:, None]
        strengths = strengths_of(profiles.sum(axis=0))
        sums = np.zeros((len(correct), len(strengths)))
        np.add.at(sums, questions, profiles[codes])
        draws = probabilities(suitabilities(sums[np.unique(questions)], strengths))
        return cls(profiles, strengths, draws.mean(axis=0))

    def suitability(self, codes: Codes) -> Floats:
        """(R,) of each LLM for a question that asks for the skills `codes` (s,)."""
        return np.asarray(suitabilities(self.profiles[codes].sum(axis=0, keepdims=True), self.strengths)[0])


def strengths_of(totals: Floats) -> Floats:
    """(R,) squared and normalised, from summed profiles (R,); all are shifted to 1 and more where one is not positive.

    [-3, 1] -> [1, 5] -> [1/26, 25/26]
    """
    return probabilities(_positive(totals) ** 2)


def suitabilities(sums: Floats, strengths: Floats) -> Floats:
    """(m, R) from profiles summed over the skills of m questions (m, R) and strengths (R,)."""
    hopeless = (sums <= 0).all(axis=1)
    weights = np.maximum(sums, 0)
    weights[hopeless] = _positive(sums[hopeless])
    return np.asarray(weights * strengths)


def probabilities(weights: Floats) -> Floats:
    """Weights divided by their sum, along the last axis."""
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _positive(values: Floats) -> Floats:
    least = values.min(axis=-1, keepdims=True)
    return np.where(least > 0, values, values - least + 1)
