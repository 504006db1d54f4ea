"""Grader of verifiable instructions: strict, a response is correct when all checks of the label hold."""

from typing import Any

import msgspec

from smacs.store.graders.checks import Check
from smacs.store.graders.grader import NO_ANSWER, Grade, Grader
from smacs.store.records import Question


def _checks(label: Any) -> list[Check]:
    return msgspec.convert(label, list[Check])


def _grade(question: Question, response: str) -> Grade:
    reply = response.strip()
    if not reply:
        return NO_ANSWER
    failed = [check for check in _checks(question.label) if not check.holds(reply)]
    return Grade(float(not failed), reply, "; ".join(f"does not hold: {check}" for check in failed))


def _refuses(question: Question) -> str | None:
    try:
        checks = _checks(question.label)
    except (msgspec.ValidationError, RecursionError):
        return ""
    if not checks:
        return ""
    return next((problem for check in checks if (problem := check.problem())), None)


INSTRUCTION = Grader(_grade, _refuses, 'a list of checks, like [{"check": "words", "max": 20}]')
