"""Answers out of recorded replies: the references vote, by a rule that is fitted on the bank part alone.

A rule sees priors of the bank's own questions as it will see those of new ones: by selectors fitted without them. The
next LLM by prior takes the place of one whose reply is not recorded, as it would in the graph for one that fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.data import Recorded, Rows
from smacs.bench.prior.metrics import Floats, Places, Tally, ranking
from smacs.bench.prior.splits import Folds, without_twins
from smacs.nodes.selectors import Selector
from smacs.nodes.vote import Ballots, Polled, Rule, Verdict, budgeted, in_order

INNER_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Questions with their replies, priors (m, R), the order of calls (m, R) and the grades (m, R)."""

    ballots: Ballots
    priors: Floats
    order: Places
    correct: npt.NDArray[np.float32]


def part(data: Recorded, ballots: Ballots, rows: Rows, priors: Floats, accuracies: Floats) -> Part:
    """The given rows; who has a reply is called before who has none."""
    order = ranking(priors, accuracies)
    silent = np.take_along_axis(np.isnan(data.correct[rows]), order, axis=1)
    order = np.take_along_axis(order, np.argsort(silent, axis=1, kind="stable"), axis=1)
    return Part(ballots.take(rows), priors, order, data.correct[rows])


def cross_fitted(data: Recorded, rows: Rows, selector: Selector, seed: int) -> Floats:
    """(len(rows), R) scores of the given questions, each by a selector fitted without it and its like."""
    scores = np.empty((len(rows), len(data.llms)))
    for fold in Folds(min(INNER_FOLDS, len(rows))).splits(len(rows), seed):
        kept = without_twins(fold, data.same[rows])
        scores[fold.test] = selector.fit(data.known(rows[kept.bank])).scores(data.queries(rows[fold.test]))
    return scores


def voted(bank: Part, test: Part, rule: Rule, k: int, calls: float) -> Mapping[str, Tally]:
    """The figures of a rule, see `smacs.bench.prior.report.Row`.

    Calls stop at the threshold that takes `calls` calls on average in the bank part.
    """
    polled = Polled(bank.ballots, bank.priors, bank.correct)
    fitted = rule.fit(polled)
    threshold = budgeted(fitted, polled, bank.order, k, calls)
    every = in_order(fitted, test.ballots, test.priors, test.order, k)
    early = in_order(fitted, test.ballots, test.priors, test.order, k, threshold)
    replied = np.asarray((~np.isnan(test.correct)).any(axis=1), np.float64)
    return {
        "vote": Tally(replied * _grades(every, test.correct), replied),
        "stopped": Tally(replied * _grades(early, test.correct), replied),
        "calls": Tally(replied * early.calls, replied),
    }


def _grades(verdict: Verdict, correct: npt.NDArray[np.float32]) -> Floats:
    """The grade of each answer; 0 where nobody gave one."""
    grades = np.where(verdict.chosen < 0, 0.0, correct[np.arange(len(correct)), verdict.chosen])
    return np.nan_to_num(grades.astype(np.float64))
