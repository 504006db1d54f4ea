"""Which questions of a bank an LLM is asked, in which order, and whether its replies can be graded."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smacs.errors import GradingError, InputError
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.grading import EvaluationSummary
from smacs.store.graders import gradable, grader_of
from smacs.store.records import Question


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of a bank: of these data sets and subjects (all when empty), at most `limit` questions."""

    datasets: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    limit: int | None = None

    def rows(self, bank: QuestionBank) -> list[int]:
        """Where the chosen questions are in `bank.questions`, in the order in which they are asked.

        The order is random, fixed by the ids alone: what is graded so far is a fair sample of the whole, and `limit`
        gives every LLM the same questions. Raises InputError for a data set or subject that the bank does not have.
        """
        _check("data set", self.datasets, {question.dataset for question in bank.questions})
        _check("subject", self.subjects, {question.subject for question in bank.questions})
        found = [row for row, question in enumerate(bank.questions) if self._has(question)]
        return sorted(found, key=lambda row: _drawn(bank.questions[row].id))[: self.limit]

    def _has(self, question: Question) -> bool:
        return (not self.datasets or question.dataset in self.datasets) and (
            not self.subjects or question.subject in self.subjects
        )


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Missing:
    """What one LLM has to answer: `rows` of the bank's questions, (M,) int32, in the order in which they are asked."""

    bank: QuestionBank
    summary: EvaluationSummary
    rows: NDArray[np.int32]

    @property
    def llm(self) -> str:
        """Name of the LLM."""
        return self.summary.llm

    def questions(self) -> Iterator[Question]:
        """The questions themselves."""
        return (self.bank.questions[row] for row in self.rows)


def missing_cells(bank: QuestionBank, llm: str, rows: Sequence[int]) -> Missing:
    """What `llm` lacks among these rows; questions without a grader are counted and left out. Raises BankError."""
    chosen = np.asarray(rows, np.int32)
    column = bank.correctness([llm])[chosen, 0]
    empty = np.isnan(column)
    can_grade = np.array([gradable(bank.questions[row]) for row in rows], bool)
    summary = EvaluationSummary(
        llm,
        total=len(chosen),
        done=int(np.sum(~empty)),
        correct=float(np.nansum(column, dtype=np.float64)),
        without_grader=int(np.sum(empty & ~can_grade)),
    )
    return Missing(bank, summary, chosen[empty & can_grade])


def check_gradable(questions: Iterable[Question], prompts: Prompts) -> None:
    """Check that all questions can be asked and graded, before any is asked.

    Raises InputError for an unknown task, GradingError for a grader that is unknown or cannot work on this machine.
    """
    by_kind = {(question.task, question.grader): question for question in questions}
    for question in by_kind.values():
        prompts.id(question.task)
        if reason := grader_of(question).unavailable():
            raise GradingError(f"{reason} Or leave out questions like {question.id!r}.")


def _check(what: str, wanted: tuple[str, ...], known: set[str]) -> None:
    for name in wanted:
        if name not in known:
            raise InputError(f"The bank has no {what} {name!r}; it has {', '.join(sorted(known - {''})) or 'none'}.")


def _drawn(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=8).digest()
