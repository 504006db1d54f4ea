"""What a grader is, and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass

from smacs.store.records import Question


@dataclass(frozen=True, slots=True)
class Grade:
    """A graded response.

    `correct` lies in [0, 1], `answer` is what was read (None: nothing found), `note` says why it is wrong.
    """

    correct: float
    answer: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Grader:
    """A way to grade, which a question's `grader` or task names.

    `grade` compares a response with the question's label; it blocks, and several threads may call it at once.
    `refuses` says why the label cannot be used: "" where only its form is wrong, None where it can be used. `label`
    describes a label in words. `unavailable` says why nothing can be graded on this machine and what to do; None where
    it can.
    """

    name: str
    grade: Callable[[Question, str], Grade]
    refuses: Callable[[Question], str | None]
    label: str
    unavailable: Callable[[], str | None] = lambda: None


NO_ANSWER = Grade(0.0, None, "no answer found")
