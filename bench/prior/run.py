"""Measure selectors, and vote rules on top of them, over splits of a bank: no LLM is called."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import NamedTuple

import numpy as np

from smacs.bench.prior.choose import best, try_rule, try_selector
from smacs.bench.prior.data import Recorded
from smacs.bench.prior.metrics import Floats, Grades, Tally, any_right, first, ranked_pairs, ranking
from smacs.bench.prior.plan import Plan
from smacs.bench.prior.splits import Split, without_twins
from smacs.bench.prior.votes import Part, cross_fitted, part, voted
from smacs.errors import InputError
from smacs.nodes.selectors import Fitted, Selector, find_selector
from smacs.nodes.shared.settings import PAPER
from smacs.nodes.shared.tuning import grid
from smacs.nodes.vote import Ballots, Rule


class Measure(NamedTuple):
    """What one figure is about (see `smacs.bench.prior.report.Row`); `rule` is empty for what the ranking decides."""

    selector: str
    metric: str
    rule: str = ""


@dataclass(slots=True, eq=False)
class Outcome:
    """One split as it was used, what was tallied over its test questions, and CPU seconds of each fit with its scores.

    `dropped` questions were left out of the bank part, for they have the text of a test question. `selectors` and
    `rules` have the settings that were chosen inside the bank part.
    """

    split: Split
    dropped: int
    selectors: dict[str, Selector] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    tallies: dict[Measure, Tally] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def measure(data: Recorded, splits: Sequence[Split], plan: Plan, on_step: Callable[[], None]) -> list[Outcome]:
    """Everything planned on every split; `on_step` is called after each selector of each split."""
    outcomes = []
    for split in splits:
        kept = split if plan.repeats else without_twins(split, data.same)
        outcome = Outcome(kept, len(split.bank) - len(kept.bank), rules=_rules(data, kept, plan))
        for name, selector in plan.selectors.items():
            outcome.selectors[name] = best(try_selector(data, kept.bank, selector, seed=plan.seed)).made
            _measure(data, outcome, name, plan)
            on_step()
        outcomes.append(outcome)
    return outcomes


def _measure(data: Recorded, outcome: Outcome, name: str, plan: Plan) -> None:
    """One selector, as it was chosen, and the rules on it."""
    split, start = outcome.split, process_time()
    fitted = outcome.selectors[name].fit(data.known(split.bank))
    scores = fitted.scores(data.queries(split.test))
    outcome.seconds[name] = process_time() - start
    outcome.tallies.update(_ranked(data, split, name, fitted, scores, plan.k))
    outcome.tallies.update(_voted(data, outcome, name, scores, plan))


def _rules(data: Recorded, split: Split, plan: Plan) -> dict[str, Rule]:
    """The rules with settings chosen inside the bank part, with the paper's priors."""
    if data.ballots is None or not any(map(grid, plan.rules.values())):
        return dict(plan.rules)
    bank = _bank_part(data, data.ballots, split, find_selector(PAPER), plan.seed)
    same = data.same[split.bank]
    return {name: best(try_rule(bank, same, rule, plan.k, seed=plan.seed)).made for name, rule in plan.rules.items()}


def _bank_part(data: Recorded, ballots: Ballots, split: Split, selector: Selector, seed: int) -> Part:
    inner = cross_fitted(data, split.bank, selector, seed)
    return part(data, ballots, split.bank, inner, accuracies(data.correct[split.bank]))


def accuracies(correct: Grades) -> Floats:
    """(R,) mean grade of each LLM over the cells that exist; 0 for one without any."""
    known = ~np.isnan(correct)
    gained = np.where(known, correct, 0.0).sum(axis=0, dtype=np.float64)
    return np.asarray(gained / np.maximum(known.sum(axis=0), 1))


def _ranked(
    data: Recorded, split: Split, name: str, fitted: Fitted, scores: Floats, k: int
) -> Iterator[tuple[Measure, Tally]]:
    truth = data.correct[split.test]
    if scores.shape != truth.shape or not np.isfinite(scores).all():
        raise InputError(f"Selector {name!r} gave scores of shape {scores.shape}; expected finite ones, {truth.shape}.")
    order = ranking(scores, accuracies(data.correct[split.bank]))
    live = fitted.scores(data.live(split.test))
    yield Measure(name, "rank"), ranked_pairs(scores, truth)
    yield Measure(name, "live"), ranked_pairs(live, truth)
    yield Measure(name, "top1"), first(order, truth)
    yield Measure(name, "any"), any_right(order, truth, k)


def _voted(data: Recorded, outcome: Outcome, name: str, scores: Floats, plan: Plan) -> Iterator[tuple[Measure, Tally]]:
    if not plan.rules or data.ballots is None:
        return
    split = outcome.split
    bank = _bank_part(data, data.ballots, split, outcome.selectors[name], plan.seed)
    test = part(data, data.ballots, split.test, scores, accuracies(data.correct[split.bank]))
    for rule_name, rule in outcome.rules.items():
        for metric, tally in voted(bank, test, rule, plan.k, plan.calls).items():
            yield Measure(name, metric, rule_name), tally
