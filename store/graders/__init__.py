"""Graders: whether a response to a bank question is correct.

Each is one file of this package that ends in `GRADER = ...`. A question's `grader` names one; where it is empty, the
task does. Grading blocks (worker process, sandbox) and is safe in threads: from async code call
`asyncio.to_thread(grade, question, response)`.
"""

from collections.abc import Mapping

from smacs.errors import GradingError
from smacs.plugins import listed
from smacs.store.graders.shared.grader import Grade, Grader
from smacs.store.records import Question

__all__ = ["GRADERS", "Grade", "Grader", "check_label", "gradable", "grade", "grader_of"]

_SHOWN = 300  # characters of a label in a message
GRADERS: Mapping[str, Grader] = listed(__name__, "GRADER")


def grade(question: Question, response: str) -> Grade:
    """Grade one response; raises GradingError for a label or sandbox that cannot be used."""
    check_label(question)
    # Half a surrogate pair can be neither written to a file nor sent to a process.
    return grader_of(question).grade(question, response.encode(errors="replace").decode())


def gradable(question: Question) -> bool:
    """Whether replies to it can be graded here; a question that came with recorded grades alone has no label."""
    return bool(question.grader) or (question.label is not None and question.task in GRADERS)


def grader_of(question: Question) -> Grader:
    """The grader of a question; raises GradingError when neither its grader nor its task names one."""
    name = question.grader or question.task
    if name not in GRADERS:
        raise GradingError(
            f"question {question.id!r}: expected a grader out of {', '.join(GRADERS)}; got {name!r}. "
            "Set its `grader` field."
        )
    return GRADERS[name]


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
