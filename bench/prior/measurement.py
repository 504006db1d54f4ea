"""What is measured, and how: selectors, and vote rules on top of them, over splits of a bank. No LLM is called."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import process_time
from typing import NamedTuple, TypeVar

import numpy as np

from smacs.bench.prior.data import Recorded
from smacs.bench.prior.metrics import Floats, Grades, Tally, any_right, first, ranked_pairs, ranking
from smacs.bench.prior.report import BASELINE
from smacs.bench.prior.splits import Split, without_twins
from smacs.bench.prior.tuning import best, try_rule, try_selector
from smacs.bench.prior.votes import VotePart, cross_fitted, part, voted
from smacs.errors import InputError
from smacs.nodes.selectors import Fitted, Selector, find_selector, selectors
from smacs.nodes.shared.settings import PAPER
from smacs.nodes.shared.tuning import grid
from smacs.nodes.vote import Ballots, Rule, vote_rules

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """`k` references vote, or `calls` a question on average where calls stop early; `seed` draws all else.

    `repeats` leaves bank questions in that have the text of a test question.
    """

    selectors: Mapping[str, Selector] = field(default_factory=selectors)
    rules: Mapping[str, Rule] = field(default_factory=vote_rules)
    k: int = 7
    calls: float = 4.0
    seed: int = 0
    repeats: bool = False

    @classmethod
    def of(
        cls,
        selector_names: Sequence[str],
        rule_names: Sequence[str],
        *,
        k: int = 7,
        calls: float = 4.0,
        seed: int = 0,
        repeats: bool = False,
    ) -> "Scope":
        """The named selectors, and Simple Router that they are compared with, and the named rules; no name means all.

        Raises InputError for a name that does not exist.
        """
        wanted = [BASELINE, *selector_names] if selector_names else []
        chosen = _named("--selector", selectors(), wanted)
        return cls(chosen, _named("--rule", vote_rules(), rule_names), k, calls, seed, repeats)

    def within(self, count: int) -> "Scope":
        """The same for a bank of `count` LLMs: where that are fewer than `k`, all of them vote. Raises InputError."""
        if self.k < 1 or self.calls < 1:
            raise InputError(f"--k and --calls: expected at least 1, got {self.k} and {self.calls:g}.")
        k = min(self.k, count)
        return replace(self, k=k, calls=min(self.calls, k))


def _named(option: str, found: Mapping[str, T], names: Sequence[str]) -> Mapping[str, T]:
    for name in names:
        if name not in found:
            raise InputError(f"{option}: expected one of {', '.join(found)}; got {name!r}.")
    return {name: thing for name, thing in found.items() if not names or name in names}


class FigureKey(NamedTuple):
    """What one figure is about (see `smacs.bench.prior.report.Row`); `rule` is empty for what the ranking decides."""

    selector: str
    metric: str
    rule: str = ""


@dataclass(slots=True, eq=False)
class SplitResult:
    """One split as it was used, what was tallied over its test questions, and CPU seconds of each fit with its scores.

    `dropped` questions were left out of the bank part, for they have the text of a test question. `selectors` and
    `rules` have the settings that were chosen inside the bank part.
    """

    split: Split
    dropped: int
    selectors: dict[str, Selector] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    tallies: dict[FigureKey, Tally] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def measure(data: Recorded, splits: Sequence[Split], scope: Scope, on_step: Callable[[], None]) -> list[SplitResult]:
    """Everything in scope on every split; `on_step` is called after each selector of each split."""
    results = []
    for split in splits:
        kept = split if scope.repeats else without_twins(split, data.same)
        result = SplitResult(kept, len(split.bank) - len(kept.bank), rules=_rules(data, kept, scope))
        for name, selector in scope.selectors.items():
            result.selectors[name] = best(try_selector(data, kept.bank, selector, seed=scope.seed)).made
            _measure(data, result, name, scope)
            on_step()
        results.append(result)
    return results


def _measure(data: Recorded, result: SplitResult, name: str, scope: Scope) -> None:
    """One selector, as it was chosen, and the rules on it."""
    split, start = result.split, process_time()
    fitted = result.selectors[name].fit(data.known(split.bank))
    scores = fitted.scores(data.queries(split.test))
    result.seconds[name] = process_time() - start
    result.tallies.update(_ranked(data, split, name, fitted, scores, scope.k))
    result.tallies.update(_voted(data, result, name, scores, scope))


def _rules(data: Recorded, split: Split, scope: Scope) -> dict[str, Rule]:
    """The rules with settings chosen inside the bank part, with the paper's priors."""
    if data.ballots is None or not any(map(grid, scope.rules.values())):
        return dict(scope.rules)
    bank = _bank_part(data, data.ballots, split, find_selector(PAPER), scope.seed)
    same = data.same[split.bank]
    return {name: best(try_rule(bank, same, rule, scope.k, seed=scope.seed)).made for name, rule in scope.rules.items()}


def _bank_part(data: Recorded, ballots: Ballots, split: Split, selector: Selector, seed: int) -> VotePart:
    inner = cross_fitted(data, split.bank, selector, seed)
    return part(data, ballots, split.bank, inner, accuracies(data.correct[split.bank]))


def accuracies(correct: Grades) -> Floats:
    """(R,) mean grade of each LLM over the cells that exist; 0 for one without any."""
    known = ~np.isnan(correct)
    gained = np.where(known, correct, 0.0).sum(axis=0, dtype=np.float64)
    return np.asarray(gained / np.maximum(known.sum(axis=0), 1))


def _ranked(
    data: Recorded, split: Split, name: str, fitted: Fitted, scores: Floats, k: int
) -> Iterator[tuple[FigureKey, Tally]]:
    truth = data.correct[split.test]
    if scores.shape != truth.shape or not np.isfinite(scores).all():
        raise InputError(f"Selector {name!r} gave scores of shape {scores.shape}; expected finite ones, {truth.shape}.")
    order = ranking(scores, accuracies(data.correct[split.bank]))
    live = fitted.scores(data.live(split.test))
    yield FigureKey(name, "rank"), ranked_pairs(scores, truth)
    yield FigureKey(name, "live"), ranked_pairs(live, truth)
    yield FigureKey(name, "top1"), first(order, truth)
    yield FigureKey(name, "any"), any_right(order, truth, k)


def _voted(
    data: Recorded, result: SplitResult, name: str, scores: Floats, scope: Scope
) -> Iterator[tuple[FigureKey, Tally]]:
    if not scope.rules or data.ballots is None:
        return
    split = result.split
    bank = _bank_part(data, data.ballots, split, result.selectors[name], scope.seed)
    test = part(data, data.ballots, split.test, scores, accuracies(data.correct[split.bank]))
    for rule_name, rule in result.rules.items():
        for metric, tally in voted(bank, test, rule, scope.k, scope.calls).items():
            yield FigureKey(name, metric, rule_name), tally
