"""What the prior should reach on the recorded MMLU-Pro set, and whether a report reaches it.

Every target is a gain over Simple Router in the same splits, in points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from smacs.bench.prior.report import Interval, Report, Row
from smacs.bench.prior.tables import Sheet, signed

MOST_CALLS = 4.0


@dataclass(frozen=True, slots=True)
class Target:
    """A goal for the gain in `metric` of the best row among those that `wanted` accepts.

    With `known` the goal is an earlier figure, the mean over that many splits; else it is the least to reach.
    """

    name: str
    metric: str
    goal: float
    wanted: Callable[[Row], bool] = bool
    known: int = 0

    def verdict(self, gain: Interval) -> str:
        """Whether this gain meets the goal, or is the known figure within the noise of both."""
        if not self.known:
            return "met" if gain.value >= self.goal else "missed"
        half = (gain.high - gain.low) / 2
        both = half * sqrt(1 + len(gain.splits) / self.known)  # the known figure's interval is that much wider or less
        return "reproduced" if abs(gain.value - self.goal) <= both else "not reproduced"


def _cheap(row: Row) -> bool:
    spent = row.figures["calls"].value
    return spent is not None and round(spent.value, 2) <= MOST_CALLS


def _rps(row: Row) -> bool:
    return row.selector == "rps"


TARGETS = (
    Target("RPS, rank score", "rank", 1.8, _rps, known=4),
    Target("RPS, accuracy of the LLM ranked first", "top1", 3.5, _rps, known=4),
    Target("best selector, rank score", "rank", 2.6),
    Target("best answer of seven references", "vote", 5.0),
    Target(f"best answer of at most {MOST_CALLS:g} calls on average", "stopped", 4.5, _cheap),
)


def checked(report: Report) -> Sheet:
    """Each target with the gain that comes nearest to it."""
    headers = ["target", "reached by", "goal", "gain", "splits ahead", "verdict"]
    return Sheet("Targets", headers, [_line(target, report) for target in TARGETS], 2)


def _line(target: Target, report: Report) -> list[str]:
    rows = [row for row in report.rows if row.group == "all" and target.metric in row.figures and target.wanted(row)]
    found = [(gain, row) for row in rows if (gain := row.figures[target.metric].gain)]
    goal = f"{'about ' if target.known else 'at least '}{target.goal:+g}"
    if not found:
        return [target.name, "-", goal, "-", "-", "not measured"]
    gain, row = max(found, key=lambda pair: pair[0].value)
    ahead = sum(split is not None and split > 0 for split in gain.splits)
    by = f"{row.selector}, {row.rule}" if row.rule else row.selector
    return [target.name, by, goal, signed(gain), f"{ahead} of {len(gain.splits)}", target.verdict(gain)]
