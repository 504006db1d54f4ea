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
from smacs.nodes.vote import Ballots, FittedRule, Poll, Rule, Verdict, budget_threshold, sequential_vote

INNER_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Questions with their replies, priors (m, R), the order of calls (m, R) and the grades (m, R)."""

    ballots: Ballots
    priors: Floats
    order: Places
    correct: npt.NDArray[np.float32]

    @property
    def polled(self) -> Poll:
        """As a rule is fitted on it."""
        return Poll(self.ballots, self.priors, self.correct)

    def take(self, rows: Rows) -> "Part":
        """Some of the questions."""
        return Part(self.ballots.take(rows), self.priors[rows], self.order[rows], self.correct[rows])


@dataclass(frozen=True, slots=True)
class Elected:
    """Of a vote on each question: whether the answer is right, and the calls it took."""

    right: Tally
    calls: Tally


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
    fitted = rule.fit(bank.polled)
    every = elected(fitted, test, k)
    early = elected(fitted, test, k, budget_threshold(fitted, bank.polled, bank.order, k, calls))
    return {"vote": every.right, "stopped": early.right, "calls": early.calls}


def elected(fitted: FittedRule, asked: Part, k: int, threshold: float = 1.0) -> Elected:
    """The answers of at most k LLMs; a question that nobody was asked says nothing."""
    verdict = sequential_vote(fitted, asked.ballots, asked.priors, asked.order, k, threshold)
    replied = np.asarray((~np.isnan(asked.correct)).any(axis=1), np.float64)
    return Elected(Tally(replied * _grades(verdict, asked.correct), replied), Tally(replied * verdict.calls, replied))


def _grades(verdict: Verdict, correct: npt.NDArray[np.float32]) -> Floats:
    """The grade of each answer; 0 where nobody gave one."""
    grades = np.where(verdict.chosen < 0, 0.0, correct[np.arange(len(correct)), verdict.chosen])
    return np.nan_to_num(grades.astype(np.float64))
