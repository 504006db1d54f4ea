"""From the tallies of the splits to the rows of a report: added up question by question, then shares with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.bench.prior.data import Recorded
from smacs.bench.prior.measurement import FigureKey, SplitResult
from smacs.bench.prior.metrics import Floats, Tally, intervals
from smacs.bench.prior.report import BASELINE, Figure, Group, Interval, Row

Bools = npt.NDArray[np.bool_]
Series = Mapping[FigureKey, Sequence[Tally]]  # each figure's tally of each split


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What each of N questions gave to each of M figures, what it could give, and how often it counted: (N, M).

    `splits` are the shares of each split.
    """

    keys: list[FigureKey]
    gained: Floats
    of: Floats
    counted: Floats
    splits: list[list[float | None]]

    def shares(self, asked: Bools, seed: int, *, by_split: bool) -> dict[FigureKey, Interval]:
        """The share of each figure over the `asked` questions (N,); only figures that say something about them."""
        gained, of = self.gained[asked], self.of[asked]
        ends, top, total = intervals(gained, of, seed=seed).tolist(), gained.sum(axis=0), of.sum(axis=0)
        return {
            key: Interval(
                value=float(top[i] / total[i]),
                low=ends[i][0],
                high=ends[i][1],
                splits=self.splits[i] if by_split else [],
            )
            for i, key in enumerate(self.keys)
            if total[i]
        }


def series_of(results: Sequence[SplitResult]) -> Series:
    """The tallies by figure."""
    return {key: [result.tallies[key] for result in results] for key in results[0].tallies}


def gains_of(series: Series) -> Series:
    """The paired differences to Simple Router: an answer's is to the answer of the LLM that Simple Router takes."""
    gains = {}
    for key, tallies in series.items():
        base = FigureKey(BASELINE, "top1" if key.rule else key.metric)
        if key.metric != "calls" and key != base and base in series:
            gains[key] = [mine.minus(theirs) for mine, theirs in zip(tallies, series[base], strict=True)]
    return gains


def pool(series: Series, results: Sequence[SplitResult], total: int) -> Pooled:
    """Add up what each of `total` questions gave over the splits; shares become %."""
    gained, of, counted = np.zeros((3, total, len(series)))
    for i, (key, tallies) in enumerate(series.items()):
        for result, tally in zip(results, tallies, strict=True):
            gained[result.split.test, i] += tally.gained * _scale(key)
            of[result.split.test, i] += tally.of
            counted[result.split.test, i] += tally.of > 0
    splits = [[_share(key, tally) for tally in tallies] for key, tallies in series.items()]
    return Pooled(list(series), gained, of, counted, splits)


def _share(key: FigureKey, tally: Tally) -> float | None:
    return tally.share * _scale(key) if tally.of.any() else None


def _scale(key: FigureKey) -> float:
    return 1.0 if key.metric == "calls" else 100.0


def rows(data: Recorded, results: Sequence[SplitResult], seed: int) -> list[Row]:
    """A row for each selector and each rule on it: over all questions, then for each group of them."""
    total, series = len(data.correct), series_of(results)
    values, gains = pool(series, results, total), pool(gains_of(series), results, total)
    tested = np.bincount(np.concatenate([result.split.test for result in results]), minlength=total)
    made = []
    for group, name, members in groups(data):
        asked = members & (tested > 0)
        if asked.any():
            figures = _figures(values, gains, asked, seed, int(tested[asked].sum()), by_split=group == "all")
            made += _rows(group, name, figures)
    return made


def groups(data: Recorded) -> Iterator[tuple[Group, str, Bools]]:
    """All questions (N,); then each data set and each subject, where there is more than one."""
    yield "all", "", np.ones(len(data.correct), bool)
    for code, name in enumerate(data.dataset_names if len(data.dataset_names) > 1 else ()):
        yield "dataset", name, data.datasets == code
    for code, name in enumerate(data.subject_names if len(data.subject_names) > 1 else ()):
        yield "subject", name, data.subjects == code


def _figures(
    values: Pooled, gains: Pooled, asked: Bools, seed: int, slots: int, *, by_split: bool
) -> dict[FigureKey, Figure]:
    """Each figure over the `asked` questions (N,), which the splits test `slots` times together."""
    value_of, gain_of = (pooled.shares(asked, seed, by_split=by_split) for pooled in (values, gains))
    counts = values.counted[asked].sum(axis=0).astype(int).tolist()
    return {
        m: Figure(value=value_of.get(m), gain=gain_of.get(m), questions=count, left_out=slots - count)
        for m, count in zip(values.keys, counts, strict=True)
    }


def _rows(group: Group, name: str, found: dict[FigureKey, Figure]) -> list[Row]:
    by_row: dict[tuple[str, str], dict[str, Figure]] = {}
    for key, figure in found.items():
        by_row.setdefault((key.selector, key.rule), {})[key.metric] = figure
    return [Row(selector=s, rule=r, group=group, name=name, figures=figures) for (s, r), figures in by_row.items()]
