"""Scores as other tools write them, made grades within 0 and 1, and one evaluation out of several runs."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from smacs.errors import InputError
from smacs.pool.calls.thinking import split_thinking
from smacs.store.imports.report import UnscoredError, UnusableError
from smacs.store.records import Evaluation

_RANGE = re.compile(r"(?:(?P<low>-?\d+(?:\.\d+)?)(?:-|:|\.\.))?(?P<high>-?\d+(?:\.\d+)?)")
_METRIC = re.compile(rf"(?P<name>.+)/(?P<scale>{_RANGE.pattern})")
_QUOTED = 80  # characters of a value that is no grade


class Scale(NamedTuple):
    """The worst and the best value that a score can have; grades are within 0 and 1."""

    low: float
    high: float

    def grade(self, value: float) -> float:
        """A value as a grade; outside 0 and 1 where it is outside the scale."""
        return (value - self.low) / (self.high - self.low)

    def __str__(self) -> str:
        return f"{self.low:g} and {self.high:g}"


FROM_0_TO_1 = Scale(0.0, 1.0)


def read_scale(text: str) -> Scale:
    """`100` is 0 to 100, `1-10` is 1 to 10. Raises InputError."""
    match = _RANGE.fullmatch(text.strip())
    scale = Scale(float(match["low"] or 0), float(match["high"])) if match else Scale(0, 0)
    if scale.low >= scale.high:
        raise InputError(f"--scale {text}: expected the best value of the score, such as 100, or a range such as 1-10.")
    return scale


def read_metric(text: str | None, scale: str | None) -> tuple[str | None, Scale]:
    """The score and its scale; `eqbench/100` says both. Raises InputError."""
    match = _METRIC.fullmatch(text or "")
    if match and scale is not None:
        raise InputError(f"--metric {text} has a scale, and there is --scale {scale}. Give one of them.")
    if match:
        return match["name"], read_scale(match["scale"])
    return text, read_scale(scale) if scale is not None else FROM_0_TO_1


def choose_metric(place: str, there: Sequence[str], preferred: Sequence[str], wanted: str | None) -> str:
    """The score that is the grade: the wanted one, else the first preferred, else the only one.

    Raises UnusableError.
    """
    if wanted is not None and wanted not in there:
        message = f"{place}: expected the score {wanted!r}; there are {', '.join(there) or 'none'}."
        raise UnusableError(message, "without that score")
    found = [wanted] if wanted else [name for name in preferred if name in there] or list(there)
    if not found or (len(found) > 1 and found[0] not in preferred):
        message = f"{place}: which of the scores ({', '.join(there) or 'none'}) is the grade? Say --metric NAME."
        raise UnusableError(message, "with several scores" if there else "without a score")
    return found[0]


def grade_of(
    place: str, name: str, value: Any, words: Mapping[str, float] | None = None, *, scale: Scale = FROM_0_TO_1
) -> float:
    """A grade within 0 and 1 from a bool, one of `words`, or a number on a scale.

    Raises UnscoredError for None and NaN, and UnusableError.
    """
    if isinstance(value, str):
        value = _from_text(value, words or {})
    if value is None or value != value:
        raise UnscoredError(f"{place}: `{name}` is {value}: nobody has graded this.")
    if isinstance(value, bool | _Word):
        return float(value)
    if not isinstance(value, int | float):
        raise UnusableError(_no_number(place, name, value, words), "without a grade of their own")
    grade = scale.grade(_as_float(value))
    if not 0 <= grade <= 1:
        raise UnusableError(_outside(place, name, value, scale, words), "with a score outside the scale")
    return grade


class _Word(float):
    """The grade that a word stands for, whatever the scale of the numbers is."""


def _from_text(value: str, words: Mapping[str, float]) -> Any:
    """A text as a grade, where it is a word for one, or a number that was written as text; None where it is empty."""
    if value in words:
        return _Word(words[value])
    return read_cell(value)


def read_cell(value: str) -> Any:
    """A cell of a table as true, false, a number, None where it is empty, or else as it is."""
    text = value.strip().casefold()
    if text in ("true", "false", ""):
        return {"true": True, "false": False}.get(text)
    try:
        return float(text)
    except ValueError:
        return value


def _as_float(value: float) -> float:
    """The nearest float; a whole number of a thousand digits has none and becomes infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _no_number(place: str, name: str, value: Any, words: Mapping[str, float] | None) -> str:
    allowed = f", or one of {', '.join(words)}" if words else ""
    message = f"{place}: expected `{name}` to be a grade within 0 and 1{allowed}; got {repr(value)[:_QUOTED]}."
    if isinstance(value, list | tuple | Mapping):
        return (
            f"{message} From a list or table a tool computes a score of the whole set: no sample has a grade of its "
            "own. If the samples have another score, name it with --metric."
        )
    return message


def _outside(place: str, name: str, value: float, scale: Scale, words: Mapping[str, float] | None) -> str:
    allowed = f", or one of {', '.join(words)}" if words else ""
    remedy = (
        "Choose another score with --metric."
        if value < 0
        else "If scores end at another value, say it: --scale 100, or --scale 1-10."
    )
    return f"{place}: expected `{name}` to be a grade within {scale}{allowed}; got {value!r}. {remedy}"


def evaluation(grade: float, response: str, source: str, *, reasoning: str = "", **more: Any) -> Evaluation:
    """An evaluation of a question that is not known yet, with the thinking taken out of the response."""
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
