"""The cells of V (eq. 1) that one LLM still lacks, and whether they can be filled at all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smacs.errors import GradingError
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.summary import EvaluationSummary
from smacs.store.graders import gradable, grader_of
from smacs.store.records import Question


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
    """Say before anything is asked what could not be asked or graded afterwards.

    Raises InputError for an unknown task, GradingError for a grader that is unknown or cannot work on this machine.
    """
    by_kind = {(question.task, question.grader): question for question in questions}
    for question in by_kind.values():
        prompts.id(question.task)
        if reason := grader_of(question).unavailable():
            raise GradingError(f"{reason} Or leave out questions of the kind of {question.id!r}.")
