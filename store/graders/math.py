r"""Grader of mathematical expressions, by equivalence (math-verify).

Plain numbers are compared exactly here; all else goes to the worker process, because math-verify can run for
ever and its own timeout works in main threads only.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from smacs.store.graders.number import hedged, number
from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.shared.responses import boxed, stated
from smacs.store.graders.worker import Worker, serve
from smacs.store.records import Question

LONGEST = 10_000  # characters of a label
_OR = re.compile(r"\b(?:or|either|between|oder|ou)\b|或|\\lor\b|\\vee\b", re.IGNORECASE)


class Comparison(msgspec.Struct):
    """A request: is one of the candidates, the first that can be read, equal to the label?"""

    label: str
    candidates: list[str]


class Verdict(msgspec.Struct):
    """The worker's answer; `parsed` is False when the label cannot be read."""

    parsed: bool
    correct: bool = False
    answer: str | None = None


_worker = Worker[Comparison, Verdict](__name__, Verdict)


def _grade(question: Question, response: str) -> Grade:
    answers = [text for text in (boxed(response), stated(response)) if text]
    expected = number(question.label)
    if answers and expected is not None and (found := number(answers[0])) is not None:
        return Grade(float(found == expected), str(found))
    if any(map(undecided, (answers or [_last_line(response)])[:1])) and not undecided(question.label):
        return NO_ANSWER
    candidates = [_latex(text) for text in (answers or _last_side(response))[:1]] + [response]
    verdict = _worker.ask(Comparison(question.label, candidates))
    if verdict is None:
        return Grade(0.0, None, "the comparison took too long or too much memory")
    if verdict.answer is None:
        return NO_ANSWER
    return Grade(float(verdict.correct), verdict.answer)


def _latex(text: str) -> str:
    text = text.strip("$` ").removeprefix("\\(").removesuffix("\\)").replace("**", "^")
    return f"${text}$"


def undecided(text: str) -> bool:
    """Whether a text leaves open which of several expressions it means."""
    return bool(_OR.search(text)) or (not re.search(r"[a-zA-Z\\({\[]", text) and "," not in text and hedged(text))


def _last_line(response: str) -> str:
    return response.strip().rsplit("\n", 1)[-1]


def _last_side(response: str) -> list[str]:
    """The right side of the last line when it is bare mathematics: no dollar signs, no words."""
    side = _last_line(response).rsplit("=", 1)[-1].strip("*`. ")
    return [] if "$" in side or re.search(r"(?<!\\)\b[a-zA-Z]{3,}", side) else [side]


def _refuses(question: Question) -> str | None:
    label = question.label
    if not isinstance(label, str) or not label.strip() or len(label) > LONGEST:
        return ""
    return None if number(label) is not None or _parses(label) else ""


@lru_cache(maxsize=8192)
def _parses(label: str) -> bool:
    verdict = _worker.ask(Comparison(label, []))
    return verdict is not None and verdict.parsed


def work() -> None:
    """Compare in the worker process."""
    import math_verify  # noqa: F401 - takes seconds: before the first request, and never in the caller's process

    serve(Comparison, compare, memory=2 << 30)


def compare(request: Comparison) -> Verdict:
    """Equivalence of the label and the first candidate that math-verify can read."""
    try:
        return _compare(request)
    except Exception:
        return Verdict(parsed=bool(request.candidates))


def _compare(request: Comparison) -> Verdict:
    from math_verify import verify

    label = _parse(f"${request.label.strip('$ ')}$")
    if not label:
        return Verdict(parsed=False)
    for candidate in request.candidates:
        if found := _parse(candidate):
            correct = verify(label, found, timeout_seconds=None)
            return Verdict(parsed=True, correct=correct, answer=str(found[-1]))
    return Verdict(parsed=True)


def _parse(text: str) -> list[Any]:
    from math_verify import parse

    return list(parse(text, parsing_timeout=None))


GRADER = Grader("math", _grade, _refuses, 'an expression as a string, like "x^2 + 5x + 6" or "\\\\frac{1}{2}"')
