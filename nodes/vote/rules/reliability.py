"""Reliability vote: how far to trust this reply of this LLM, and what agreement is worth.

1. Per LLM, from its own column of the bank: the log-odds z_r that its answer is right, given its prior for this
   question and the figures of its reply (`calibration`).
2. For all LLMs, a few numbers (`belief`): a reply weighs c_1 z_r + c_2 a_r + c_3 a_r z_r + b_j, with a_r the log-odds
   of r's mean accuracy (a weak LLM's vote says less than its log-odds promise: it errs with the crowd) and b_j for the
   j-th to answer; an answer by itself is worth d times its `WORTH`, what the form of an option gives away.

A new LLM brings its own calibration and takes the shared numbers as they are (`joined`). Which signals are read is a
setting: those of `READS`.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from smacs.nodes.shared.tuning import Alternatives
from smacs.nodes.vote.belief import Pooling, agreement, fit_pooling, none_score, prior_order, scores
from smacs.nodes.vote.calibration import Calibration, calibrate
from smacs.nodes.vote.rule import Floats, Order, Poll, Votes
from smacs.nodes.vote.signals import MATCH, SIGNALS, STYLE, Ballots

K = 7  # replies a bank question is learned from, the paper's K
WORTH = [SIGNALS.index(name) for name in ("relative_length", "likeness", "extreme")]
READS = {"reply and option": len(SIGNALS), "reply": len(STYLE) + len(MATCH), "prior": 0}  # so many, from the first


@dataclass(frozen=True, slots=True)
class Member:
    """What one LLM's column of the bank says, whatever the others do."""

    calibration: Calibration
    mean: float
    """Log-odds of its mean accuracy, an answer that was never extracted counted as wrong."""


@dataclass(frozen=True, slots=True)
class FittedReliability:
    """What every LLM's replies are worth; the first `signals` are read."""

    signals: int
    members: tuple[Member, ...]
    shared: Pooling

    def votes(self, ballots: Ballots, priors: Floats, order: Order) -> Votes:
        """Calibrated log-odds, discounted."""
        ballots = _read(ballots, self.signals)
        columns = [member.calibration.log_odds(_measured(ballots, priors, r)) for r, member in enumerate(self.members)]
        replies, answers = _figures(np.column_stack(columns), self.members, ballots, order)
        return Votes(replies @ self.shared.reply, answers @ self.shared.answer - self.shared.none)

    def joined(self, poll: Poll) -> "FittedReliability":
        """The same with the LLMs of `poll` that come after the known ones; nothing that is known changes."""
        poll = replace(poll, ballots=_read(poll.ballots, self.signals))
        new = range(len(self.members), poll.correct.shape[1])
        return replace(self, members=self.members + tuple(_member(poll, r) for r in new))


@dataclass(frozen=True, slots=True)
class Reliability:
    """A calibrated vote from priors and replies."""

    reads: Annotated[str, Alternatives("reply", "prior")] = "reply and option"
    name: str = "reliability"
    summary: str = "Log-odds of each reply from its prior and text, discounted for shared errors (conditional logit)"

    def fit(self, poll: Poll) -> FittedReliability:
        """One calibration per LLM, then the shared numbers."""
        signals = READS[self.reads]
        poll = replace(poll, ballots=_read(poll.ballots, signals))
        members = tuple(_member(poll, r) for r in range(poll.correct.shape[1]))
        return FittedReliability(signals, members, _shared(poll, members))


def _read(ballots: Ballots, signals: int) -> Ballots:
    return Ballots(ballots.codes, ballots.signals[:, :, :signals])


def _member(poll: Poll, r: int) -> Member:
    correct = poll.correct[:, r]
    answered = np.where(poll.ballots.codes[:, r] >= 0, correct, np.nan)
    calibration = calibrate(_measured(poll.ballots, poll.priors, r), answered)
    right, asked = np.nansum(correct) + 1, np.isfinite(correct).sum() + 2
    return Member(calibration, float(np.log(right / (asked - right))))


def _measured(ballots: Ballots, priors: Floats, r: int) -> Floats:
    return np.concatenate([priors[:, [r]], ballots.signals[:, r].astype(np.float64)], axis=1)


def _figures(log_odds: Floats, members: tuple[Member, ...], ballots: Ballots, order: Order) -> tuple[Floats, Floats]:
    """(m, k, 3 + K) x_r of every reply and (m, k, <= 3) w_o of its answer, from log-odds (m, R)."""
    z = np.take_along_axis(log_odds, order, axis=1)
    mean = np.array([member.mean for member in members])[order]
    answered = np.take_along_axis(ballots.codes, order, axis=1) >= 0
    place = np.clip(np.cumsum(answered, axis=1) - 1, 0, K - 1)
    read = [signal for signal in WORTH if signal < ballots.signals.shape[2]]
    worth = np.take_along_axis(ballots.signals[:, :, read], order[:, :, None], axis=1)
    return np.concatenate([np.stack([z, mean, mean * z], axis=2), np.eye(K)[place]], axis=2), worth.astype(np.float64)


def _shared(poll: Poll, members: tuple[Member, ...]) -> Pooling:
    """c, b and d from the first K replies in prior order; s from the first 1 to K, by turns."""
    order = prior_order(poll.priors)[:, :K]
    held_out = np.column_stack([member.calibration.held_out for member in members])
    replies, answers = _figures(held_out, members, poll.ballots, order)
    codes = np.take_along_axis(poll.ballots.codes, order, axis=1)
    right = (np.take_along_axis(np.nan_to_num(poll.correct), order, axis=1) > 0.5) & (codes >= 0)
    n, k = order.shape
    fitted = fit_pooling(replies, answers, agreement(codes, np.ones((n, k), dtype=bool)), right)
    called = np.arange(k) <= (np.arange(n) % k)[:, None]
    same = agreement(codes, called)
    scored = scores(same, replies @ fitted.reply, answers @ fitted.answer)
    return replace(fitted, none=none_score(same, scored, right & called))


RULE = Reliability()
