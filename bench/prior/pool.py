"""Add up the tallies of all splits, question by question: what shares and their intervals are computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.bootstrap import intervals
from smacs.bench.prior.metrics import Floats, Tally
from smacs.bench.prior.report import BASELINE, Interval
from smacs.bench.prior.run import Measure, Outcome

Bools = npt.NDArray[np.bool_]
Series = Mapping[Measure, Sequence[Tally]]  # each measure's tally of each split


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What each of N questions gave to each of M measures, what it could give, and how often it counted: (N, M).

    `splits` are the shares of each split.
    """

    measures: list[Measure]
    gained: Floats
    of: Floats
    counted: Floats
    splits: list[list[float | None]]

    def shares(self, asked: Bools, seed: int, *, by_split: bool) -> dict[Measure, Interval]:
        """The share of each measure over the `asked` questions (N,); only measures that say something about them."""
        gained, of = self.gained[asked], self.of[asked]
        ends, top, total = intervals(gained, of, seed=seed).tolist(), gained.sum(axis=0), of.sum(axis=0)
        return {
            measure: Interval(
                value=float(top[i] / total[i]),
                low=ends[i][0],
                high=ends[i][1],
                splits=self.splits[i] if by_split else [],
            )
            for i, measure in enumerate(self.measures)
            if total[i]
        }


def series_of(outcomes: Sequence[Outcome]) -> Series:
    """The tallies by measure."""
    return {measure: [outcome.tallies[measure] for outcome in outcomes] for measure in outcomes[0].tallies}


def gains_of(series: Series) -> Series:
    """The paired differences to Simple Router: an answer's is to the answer of the LLM that Simple Router takes."""
    gains = {}
    for measure, tallies in series.items():
        base = Measure(BASELINE, "top1" if measure.rule else measure.metric)
        if measure.metric != "calls" and measure != base and base in series:
            gains[measure] = [mine.minus(theirs) for mine, theirs in zip(tallies, series[base], strict=True)]
    return gains


def pool(series: Series, outcomes: Sequence[Outcome], total: int) -> Pooled:
    """Add up what each of `total` questions gave over the splits; shares become %."""
    gained, of, counted = np.zeros((3, total, len(series)))
    for i, (measure, tallies) in enumerate(series.items()):
        for outcome, tally in zip(outcomes, tallies, strict=True):
            gained[outcome.split.test, i] += tally.gained * _scale(measure)
            of[outcome.split.test, i] += tally.of
            counted[outcome.split.test, i] += tally.of > 0
    splits = [[_share(measure, tally) for tally in tallies] for measure, tallies in series.items()]
    return Pooled(list(series), gained, of, counted, splits)


def _share(measure: Measure, tally: Tally) -> float | None:
    return tally.share * _scale(measure) if tally.of.any() else None


def _scale(measure: Measure) -> float:
    return 1.0 if measure.metric == "calls" else 100.0
