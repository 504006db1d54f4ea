"""Graders: whether a response to a bank question is correct.

A question's `grader` names one; where it is empty, the task does. Grading blocks (worker process, sandbox)
and is safe in threads: from async code call `asyncio.to_thread(grade, question, response)`.
"""

from collections.abc import Mapping

from smacs.errors import GradingError
from smacs.store.graders.choice import CHOICE
from smacs.store.graders.code import CODE
from smacs.store.graders.grader import Grade, Grader
from smacs.store.graders.ifeval import IFEVAL
from smacs.store.graders.instruction import INSTRUCTION
from smacs.store.graders.livecodebench import LIVECODEBENCH
from smacs.store.graders.math import MATH
from smacs.store.graders.number import NUMBER
from smacs.store.records import Question

__all__ = ["GRADERS", "Grade", "Grader", "check_label", "gradable", "grade", "grader_of"]

_SHOWN = 300  # characters of a label in a message
GRADERS: Mapping[str, Grader] = {
    "number": NUMBER,
    "math": MATH,
    "choice": CHOICE,
    "code": CODE,
    "instruction": INSTRUCTION,
    "ifeval": IFEVAL,
    "livecodebench": LIVECODEBENCH,
}


def grader_of(question: Question) -> Grader:
    """The grader of a question; raises GradingError when neither its grader nor its task names one."""
    name = question.grader or question.task
    if name not in GRADERS:
        raise GradingError(
            f"question {question.id!r}: expected a grader out of {', '.join(GRADERS)}; got {name!r}. "
            "Set its `grader` field."
        )
    return GRADERS[name]


def gradable(question: Question) -> bool:
    """Whether replies to it can be graded here; a question that came with recorded grades alone has no label."""
    return bool(question.grader) or (question.label is not None and question.task in GRADERS)


def check_label(question: Question) -> None:
    """Raise GradingError when the question's grader cannot use its label."""
    grader = grader_of(question)
    reason = grader.refuses(question)
    if reason is not None:
        why = f" ({reason})" if reason else ""
        raise GradingError(f"question {question.id!r}: expected {grader.label}; got {_short(question.label)}{why}")


def _short(label: object) -> str:
    text = repr(label)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def grade(question: Question, response: str) -> Grade:
    """Grade one response; raises GradingError for a label or sandbox that cannot be used."""
    check_label(question)
    # Half a surrogate pair can be neither written to a file nor sent to a process.
    return grader_of(question).grade(question, response.encode(errors="replace").decode())
