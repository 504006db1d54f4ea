"""From the outcomes of the splits to the rows of a report: over all questions, and by data set and subject."""

from collections.abc import Iterator, Sequence

import numpy as np

from smacs.bench.prior.data import Recorded
from smacs.bench.prior.pool import Bools, Pooled, gains_of, pool, series_of
from smacs.bench.prior.report import Figure, Group, Row
from smacs.bench.prior.run import Measure, Outcome


def rows(data: Recorded, outcomes: Sequence[Outcome], seed: int) -> list[Row]:
    """A row for each selector and each rule on it: over all questions, then for each group of them."""
    total, series = len(data.correct), series_of(outcomes)
    values, gains = pool(series, outcomes, total), pool(gains_of(series), outcomes, total)
    tested = np.bincount(np.concatenate([outcome.split.test for outcome in outcomes]), minlength=total)
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
) -> dict[Measure, Figure]:
    """Each measure over the `asked` questions (N,), which the splits test `slots` times together."""
    value_of, gain_of = (pooled.shares(asked, seed, by_split=by_split) for pooled in (values, gains))
    counts = values.counted[asked].sum(axis=0).astype(int).tolist()
    return {
        m: Figure(value=value_of.get(m), gain=gain_of.get(m), questions=count, left_out=slots - count)
        for m, count in zip(values.measures, counts, strict=True)
    }


def _rows(group: Group, name: str, found: dict[Measure, Figure]) -> list[Row]:
    by_row: dict[tuple[str, str], dict[str, Figure]] = {}
    for measure, figure in found.items():
        by_row.setdefault((measure.selector, measure.rule), {})[measure.metric] = figure
    return [Row(selector=s, rule=r, group=group, name=name, figures=figures) for (s, r), figures in by_row.items()]
