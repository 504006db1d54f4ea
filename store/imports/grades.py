"""Grades as other tools write them, and one evaluation out of several runs of the same question."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from smacs.pool.errors import InputError
from smacs.pool.thinking import split_thinking
from smacs.store.records import Evaluation


def choose_metric(place: str, there: Sequence[str], preferred: Sequence[str], wanted: str | None) -> str:
    """The score that is the grade: the wanted one, else the first preferred, else the only one. Raises InputError."""
    if wanted is not None and wanted not in there:
        raise InputError(f"{place}: expected the score {wanted!r}; there are {', '.join(there) or 'none'}.")
    found = [wanted] if wanted else [name for name in preferred if name in there] or list(there)
    if not found or (len(found) > 1 and found[0] not in preferred):
        raise InputError(
            f"{place}: which of the scores ({', '.join(there) or 'none'}) is the grade? Say --metric NAME."
        )
    return found[0]


def grade_of(place: str, name: str, value: Any, words: Mapping[str, float] | None = None) -> float:
    """A grade within 0 and 1 from a bool, a number or one of `words`. Raises InputError."""
    if isinstance(value, str):
        value = (words or {}).get(value, value)
    if isinstance(value, bool | int | float) and math.isfinite(value) and 0 <= value <= 1:
        return float(value)
    allowed = f", or one of {', '.join(words)}" if words else ""
    raise InputError(
        f"{place}: expected `{name}` to be a grade within 0 and 1{allowed}; got {value!r}. "
        "Choose another score with --metric."
    )


def evaluation(grade: float, response: str, source: str, *, reasoning: str = "", **more: Any) -> Evaluation:
    """An evaluation of a question that is not known yet; thinking goes out of the response."""
    answer, thinking = split_thinking(response, reasoning)
    return Evaluation(question="", correct=grade, response=answer, reasoning=thinking, source=source, **more)


def mean(runs: Sequence[Evaluation]) -> Evaluation:
    """One evaluation with the mean grade, tokens and seconds of several runs, and the first one's answer."""
    if len(runs) == 1:
        return runs[0]
    count = len(runs)
    return msgspec.structs.replace(
        runs[0],
        correct=math.fsum(run.correct for run in runs) / count,
        tokens=round(sum(run.tokens for run in runs) / count),
        seconds=math.fsum(run.seconds for run in runs) / count,
    )
