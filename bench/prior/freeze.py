"""Choose the settings of selectors inside a whole bank, and freeze them in it: what `smacs bank choose` does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from smacs.bench.prior.choose import FOLDS, Trial, best, try_selector
from smacs.bench.prior.data import Recorded, read
from smacs.errors import InputError
from smacs.nodes.selectors import Selector, find_selector, selectors
from smacs.nodes.shared.tuning import grid
from smacs.store.bank import QuestionBank
from smacs.store.chosen import Chosen, write_chosen


@dataclass(frozen=True, slots=True)
class Tried:
    """All settings of one selector that were tried, those of its defaults first."""

    selector: str
    trials: Sequence[Trial[Selector]]

    @property
    def best(self) -> Trial[Selector]:
        """The settings that are chosen."""
        return best(self.trials)


def _silent(done: int, total: int) -> None:
    """Nobody looks at the progress."""


async def choose(
    bank: QuestionBank,
    names: Sequence[str] = (),
    *,
    folds: int = FOLDS,
    on_progress: Callable[[int, int], None] = _silent,
) -> list[Tried]:
    """Cross-validate the settings of the named selectors (default: all that have any) and freeze the best ones.

    No LLM is called. `on_progress` gets (selectors done, all). Raises InputError, BankError, BankLockedError.
    """
    wanted = _with_candidates(names)
    if folds < 2:
        raise InputError(f"--folds: expected at least 2, got {folds}.")
    data = await read(bank, with_answers=False)
    tried: list[Tried] = []
    for name, selector in wanted.items():
        on_progress(len(tried), len(wanted))
        tried.append(Tried(name, try_selector(data, np.arange(len(data.correct)), selector, folds=folds)))
    write_chosen(bank, {each.selector: _entry(bank, data, each, folds) for each in tried})
    return tried


def percent(trial: Trial[Selector]) -> float | None:
    """The rank score; None where no question says anything."""
    return 100 * trial.tally.share if trial.tally.of.any() else None


def _entry(bank: QuestionBank, data: Recorded, tried: Tried, folds: int) -> Chosen:
    return Chosen(
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
