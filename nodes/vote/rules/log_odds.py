"""Log-odds vote: the weights that are best when LLMs err independently of each other.

    weight_r = log(p_r / (1 - p_r)) + log(D)

with p_r the probability that LLM r is right, from its own prior (calibrated on its own column of the bank), and D the
number of wrong answers that an LLM may fall for (Nitzan and Paroush 1982, extended to D + 1 answers). D follows from
the bank: two wrong LLMs give the same answer once in D times.
"""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.vote.calibration import Calibration, calibrate
from smacs.nodes.vote.rule import Floats, Order, Poll, Votes
from smacs.nodes.vote.signals import Ballots


@dataclass(frozen=True, slots=True)
class LogOdds:
    """Nitzan and Paroush's weights from calibrated priors."""

    name: str = "log_odds"
    summary: str = "Log-odds of each LLM's calibrated prior, as if errors were independent (Nitzan and Paroush 1982)"

    def fit(self, poll: Poll) -> "FittedLogOdds":
        """One calibration per LLM."""
        columns = zip(poll.priors.T, poll.ballots.codes.T, poll.correct.T, strict=True)
        fits = [calibrate(prior[:, None], np.where(codes < 0, np.nan, right)) for prior, codes, right in columns]
        return FittedLogOdds(tuple(fits), np.log(_distractors(poll)))


@dataclass(frozen=True, slots=True)
class FittedLogOdds:
    """A calibration per LLM and log(D)."""

    calibrations: tuple[Calibration, ...]
    constant: float

    def votes(self, ballots: Ballots, priors: Floats, order: Order) -> Votes:  # noqa: ARG002
        """Log-odds."""
        pairs = zip(self.calibrations, priors.T, strict=True)
        columns = np.column_stack([fit.log_odds(prior[:, None]) for fit, prior in pairs])
        return Votes(self.constant + np.take_along_axis(columns, order, axis=1), np.zeros(order.shape))


def _distractors(poll: Poll) -> float:
    """D: pairs of wrong answers, over those of them that are the same answer."""
    codes = np.where(poll.correct < 0.5, poll.ballots.codes, -1)
    wrong = codes >= 0
    pairs = (wrong.sum(axis=1) * (wrong.sum(axis=1) - 1)).sum()
    same = sum(int(((codes == codes[:, [r]]) & wrong & wrong[:, [r]]).sum()) for r in range(codes.shape[1]))
    alike = same - int(wrong.sum())
    return float(pairs / alike) if alike > 0 else 1.0


RULE = LogOdds()
