"""Settings chosen inside a bank: cross-validation over every combination of candidates, on bank questions alone.

A selector's settings are compared by the pairwise ranking score (eq. 8), a vote rule's by the accuracy of the vote.
Questions with the same text stay in one fold. Ties go to the defaults.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from smacs.bench.prior.data import Recorded, Rows
from smacs.bench.prior.metrics import Tally, joined, ranked_pairs
from smacs.bench.prior.splits import Codes, Split, by_text
from smacs.bench.prior.votes import Part, elected
from smacs.nodes.selectors import Selector
from smacs.nodes.selectors.shared.selector import scores_of_each
from smacs.nodes.shared.tuning import points, setting_values
from smacs.nodes.vote import Rule
from smacs.store.chosen import Setting

FOLDS = 3
ASKED = 6_000  # questions of a larger bank that settings are compared on
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial(Generic[T]):
    """A selector or a rule with some settings, and what it gained in cross-validation."""

    made: T
    tally: Tally

    @property
    def settings(self) -> dict[str, Setting]:
        """What was tried."""
        return setting_values(self.made)


def try_selector(
    data: Recorded, rows: Rows, selector: Selector, *, folds: int = FOLDS, seed: int = 0
) -> list[Trial[Selector]]:
    """Each of the selector's settings on the questions `rows`, asked as live ones are; the defaults come first."""

    def fold(several: Sequence[Selector], split: Split) -> list[Tally]:
        asked = rows[split.test]
        scores = scores_of_each(several, data.known(rows[split.bank]), data.live(asked))
        return [ranked_pairs(found, data.correct[asked]) for found in scores]

    return _tried(points(selector), by_text(data.same[rows], folds, ASKED, seed), fold)


def try_rule(bank: Part, same: Codes, rule: Rule, k: int, *, folds: int = FOLDS, seed: int = 0) -> list[Trial[Rule]]:
    """Each of the rule's settings where k LLMs vote; `same` (m,) are equal for questions with the same text."""

    def fold(several: Sequence[Rule], split: Split) -> list[Tally]:
        fitted_on, asked = bank.take(split.bank), bank.take(split.test)
        return [elected(each.fit(fitted_on.polled), asked, k).right for each in several]

    return _tried(points(rule), by_text(same, folds, ASKED, seed), fold)


def best(trials: Sequence[Trial[T]]) -> Trial[T]:
    """The one that gained most: the first of equals, and where nothing says anything."""
    return trials[int(np.argmax(np.nan_to_num([trial.tally.share for trial in trials], nan=-1.0)))]


def _tried(
    several: list[T], splits: Sequence[Split], fold: Callable[[Sequence[T], Split], Sequence[Tally]]
) -> list[Trial[T]]:
    """One trial for each of `several`; nothing is measured where there is only one."""
    found = [fold(several, split) for split in splits] if len(several) > 1 else []
    return [Trial(made, joined([tallies[i] for tallies in found])) for i, made in enumerate(several)]
