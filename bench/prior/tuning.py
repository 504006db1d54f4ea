"""Settings chosen inside a bank: cross-validation over every combination of candidates, on bank questions alone.

A selector's settings are compared by the pairwise ranking score (eq. 8), a vote rule's by the accuracy of the vote.
Questions with the same text stay in one fold. Ties go to the defaults. `tune` is what `smacs bank choose` does: it
keeps the best settings of each selector in the bank.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import numpy as np

from smacs.bench.prior.data import Recorded, Rows, read
from smacs.bench.prior.metrics import Tally, joined, ranked_pairs
from smacs.bench.prior.splits import Codes, Split, by_text
from smacs.bench.prior.votes import VotePart, elected
from smacs.errors import InputError
from smacs.nodes.selectors import Selector, find_selector, selectors
from smacs.nodes.selectors.shared.selector import scores_of_each
from smacs.nodes.shared.tuning import grid, points, setting_values
from smacs.nodes.vote import Rule
from smacs.store.bank import QuestionBank
from smacs.store.tuned_settings import SettingValue, TunedSettings, write_tuned_settings

FOLDS = 3
ASKED = 6_000  # questions of a larger bank that settings are compared on
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial(Generic[T]):
    """A selector or a rule with some settings, and what it gained in cross-validation."""

    made: T
    tally: Tally

    @property
    def settings(self) -> dict[str, SettingValue]:
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


def try_rule(
    bank: VotePart, same: Codes, rule: Rule, k: int, *, folds: int = FOLDS, seed: int = 0
) -> list[Trial[Rule]]:
    """Each of the rule's settings where k LLMs vote; `same` (m,) are equal for questions with the same text."""

    def fold(several: Sequence[Rule], split: Split) -> list[Tally]:
        fitted_on, asked = bank.take(split.bank), bank.take(split.test)
        return [elected(each.fit(fitted_on.polled), asked, k).right for each in several]

    return _tried(points(rule), by_text(same, folds, ASKED, seed), fold)


def best(trials: Sequence[Trial[T]]) -> Trial[T]:
    """The one that gained most; the first of equals, also where no question says anything."""
    return trials[int(np.argmax(np.nan_to_num([trial.tally.share for trial in trials], nan=-1.0)))]


def _tried(
    several: list[T], splits: Sequence[Split], fold: Callable[[Sequence[T], Split], Sequence[Tally]]
) -> list[Trial[T]]:
    """One trial for each of `several`; nothing is measured where there is only one."""
    found = [fold(several, split) for split in splits] if len(several) > 1 else []
    return [Trial(made, joined([tallies[i] for tallies in found])) for i, made in enumerate(several)]


@dataclass(frozen=True, slots=True)
class TuningResult:
    """All settings of one selector that were tried, those of its defaults first."""

    selector: str
    trials: Sequence[Trial[Selector]]

    @property
    def best(self) -> Trial[Selector]:
        """The settings that are chosen."""
        return best(self.trials)


async def tune(
    bank: QuestionBank,
    names: Sequence[str] = (),
    *,
    folds: int = FOLDS,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[TuningResult]:
    """Cross-validate the settings of the named selectors (default: all that have any) and freeze the best ones.

    No LLM is called. `on_progress` gets (selectors done, all). Raises InputError, BankError, BankLockedError.
    """
    wanted = _with_candidates(names)
    if folds < 2:
        raise InputError(f"--folds: expected at least 2, got {folds}.")
    data = await read(bank, with_answers=False)
    tried: list[TuningResult] = []
    for name, selector in wanted.items():
        on_progress(len(tried), len(wanted))
        tried.append(TuningResult(name, try_selector(data, np.arange(len(data.correct)), selector, folds=folds)))
    write_tuned_settings(bank, {each.selector: _entry(bank, data, each, folds) for each in tried})
    return tried


def percent(trial: Trial[Selector]) -> float | None:
    """The rank score; None where no question says anything."""
    return 100 * trial.tally.share if trial.tally.of.any() else None


def _entry(bank: QuestionBank, data: Recorded, tried: TuningResult, folds: int) -> TunedSettings:
    return TunedSettings(
        settings=tried.best.settings,
        rank_score=percent(tried.best),
        default_rank_score=percent(tried.trials[0]),
        folds=folds,
        questions=len(data.correct),
        llms=data.llms,
        embedder=bank.manifest.embedder.digest,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _with_candidates(names: Sequence[str]) -> Mapping[str, Selector]:
    have = {name: selector for name, selector in selectors().items() if grid(selector)}
    for name in names:
        find_selector(name)
        if name not in have:
            raise InputError(f"--selector: {name} has no settings to choose; these have: {', '.join(have)}.")
    return {name: have[name] for name in dict.fromkeys(names or have)}
