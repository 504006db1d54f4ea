r"""Grader of mathematical expressions, by equivalence (math-verify).

Plain numbers are compared exactly here; all else goes to the worker process, because math-verify can run for
ever and its own timeout works in main threads only.
"""

import re
from functools import lru_cache

from smacs.store.graders.final import boxed, stated
from smacs.store.graders.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.math_messages import Comparison, Verdict
from smacs.store.graders.number import number
from smacs.store.graders.worker import Worker
from smacs.store.records import Question

_worker = Worker[Comparison, Verdict]("smacs.store.graders.math_worker", Verdict)


def _grade(question: Question, response: str) -> Grade:
    answers = [text for text in (boxed(response), stated(response)) if text]
    expected = number(question.label)
    if answers and expected is not None and (found := number(answers[0])) is not None:
        return Grade(float(found == expected), str(found))
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


def _last_side(response: str) -> list[str]:
    """The right side of the last line when it is bare mathematics: no dollar signs, no words."""
    side = response.strip().rsplit("\n", 1)[-1].rsplit("=", 1)[-1].strip("*`. ")
    return [] if "$" in side or re.search(r"(?<!\\)\b[a-zA-Z]{3,}", side) else [side]


def _accepts(question: Question) -> bool:
    label = question.label
    return isinstance(label, str) and bool(label.strip()) and (number(label) is not None or _parses(label))


@lru_cache(maxsize=8192)
def _parses(label: str) -> bool:
    verdict = _worker.ask(Comparison(label, []))
    return verdict is not None and verdict.parsed


MATH = Grader(_grade, _accepts, 'an expression as a string, like "x^2 + 5x + 6" or "\\\\frac{1}{2}"')
