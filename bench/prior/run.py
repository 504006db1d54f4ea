"""Measure selectors, and vote rules on top of them, over splits of a bank: no LLM is called."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from smacs.bench.prior.data import Recorded
from smacs.bench.prior.metrics import Floats, Grades, Tally, any_right, first, ranked_pairs, ranking
from smacs.bench.prior.plan import Plan
from smacs.bench.prior.splits import Split, without_twins
from smacs.bench.prior.votes import cross_fitted, part, voted
from smacs.nodes.selectors import Fitted
from smacs.pool.errors import InputError


class Measure(NamedTuple):
    """What one figure is about (see `smacs.bench.prior.report.Row`); `rule` is empty for what the ranking decides."""

    selector: str
    metric: str
    rule: str = ""


@dataclass(slots=True, eq=False)
class Outcome:
    """One split as it was used, what was tallied over its test questions, and each selector's seconds to fit and score.

    `dropped` questions were left out of the bank part, for they have the text of a test question.
    """

    split: Split
    dropped: int
    tallies: dict[Measure, Tally] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def measure(data: Recorded, splits: Sequence[Split], plan: Plan, on_step: Callable[[], None]) -> list[Outcome]:
    """Everything planned on every split; `on_step` is called after each selector of each split."""
    outcomes = []
    for split in splits:
        kept = split if plan.repeats else without_twins(split, data.same)
        outcome = Outcome(kept, len(split.bank) - len(kept.bank))
        for name, selector in plan.selectors.items():
            start = perf_counter()
            fitted = selector.fit(data.known(kept.bank))
            scores = fitted.scores(data.queries(kept.test))
            outcome.seconds[name] = perf_counter() - start
            outcome.tallies.update(_ranked(data, kept, name, fitted, scores, plan.k))
            outcome.tallies.update(_voted(data, kept, name, scores, plan))
            on_step()
        outcomes.append(outcome)
    return outcomes


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


def _voted(data: Recorded, split: Split, name: str, scores: Floats, plan: Plan) -> Iterator[tuple[Measure, Tally]]:
    if not plan.rules or data.ballots is None:
        return
    means = accuracies(data.correct[split.bank])
    inner = cross_fitted(data, split.bank, plan.selectors[name], plan.seed)
    bank = part(data, data.ballots, split.bank, inner, means)
    test = part(data, data.ballots, split.test, scores, means)
    for rule_name, rule in plan.rules.items():
        for metric, tally in voted(bank, test, rule, plan.k, plan.calls).items():
            yield Measure(name, metric, rule_name), tally
