"""Skill profiles: +1 for each right and -1 for each wrong bank answer of a skill (Symbolic-MoE, arXiv 2503.05641).

The skill of a question is its subject. With p the mean of +1 and -1 over an LLM's answers of that skill (a mean, so
that missing cells cost nothing) and g its accuracy on the whole bank:

    suitability = p * g^2        and p / g^2 where p < 0, or weak LLMs would lead wherever most answers are wrong
"""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.shared.columns import Columns, Groups
from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet

WEAKEST = 1e-3  # the least strength: an LLM with no right answer at all still has a finite score


@dataclass(frozen=True, slots=True)
class SkillProfiles:
    """Symbolic-MoE's suitability, with the subject as the only skill."""

    name: str = "skill_profiles"
    summary: str = "Profile of right minus wrong answers by subject, times strength (Symbolic-MoE, arXiv 2503.05641)"

    def fit(self, training: TrainingSet) -> "FittedSkillProfiles":
        """Count right and wrong answers by subject."""
        strength = np.maximum(Columns.of(training.correct).means, WEAKEST) ** 2
        return FittedSkillProfiles(Groups.of(training, training.subjects), strength)


@dataclass(frozen=True, slots=True)
class FittedSkillProfiles:
    """Accuracies by subject and `strength` (R,), the squared overall accuracies."""

    groups: Groups
    strength: Floats

    def scores(self, queries: Queries) -> Floats:
        """(m, R) suitabilities; an unknown subject is that of the nearest bank question."""
        profile = 2 * self.groups.scores(queries.subjects, queries.vectors) - 1
        return np.where(profile < 0, profile / self.strength, profile * self.strength)


SELECTOR = SkillProfiles()
