"""A bank as arrays, with the answers that were recorded: all that measuring a prior needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.errors import InputError
from smacs.nodes.selectors import Queries, TrainingSet
from smacs.nodes.vote import Ballots, ballots
from smacs.store.bank import QuestionBank
from smacs.store.identity import normalised
from smacs.store.records import Question

Rows = npt.NDArray[np.int64]
Column = tuple[list[str | None], list[str | None]]  # one LLM's answers and replies


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """N questions and R LLMs: `matrix` E (N, d), `correct` V (N, R) with NaN where never asked, names and codes (N,).

    Questions with the same normalised text have the same code in `same`. `ballots` is None where no answer is recorded.
    """

    llms: list[str]
    texts: list[str]
    same: npt.NDArray[np.int32]
    matrix: npt.NDArray[np.float32]
    correct: npt.NDArray[np.float32]
    dataset_names: list[str]
    datasets: npt.NDArray[np.int32]
    subject_names: list[str]
    subjects: npt.NDArray[np.int32]
    ballots: Ballots | None

    def known(self, rows: Rows) -> TrainingSet:
        """What a selector is fitted on."""
        return TrainingSet(
            self.matrix[rows], self.correct[rows], self.datasets[rows], self.subjects[rows], self._texts(rows)
        )

    def queries(self, rows: Rows) -> Queries:
        """What it is asked, with the data set and subject of each question."""
        return Queries(self.matrix[rows], self.datasets[rows], self.subjects[rows], self._texts(rows))

    def live(self, rows: Rows) -> Queries:
        """A live question: its data set and subject are unknown."""
        return Queries.live(self.matrix[rows], self._texts(rows))

    def _texts(self, rows: Rows) -> list[str]:
        return [self.texts[i] for i in rows]


async def read(*banks: QuestionBank, with_answers: bool = True) -> Recorded:
    """The questions of one bank, or of several one after another; the LLMs are those of the first.

    Raises EmbedderMismatchError where the banks are embedded differently, InputError where there is nothing to measure.
    """
    first = banks[0]
    for bank in banks[1:]:
        first.manifest.embedder.check(bank.embedder)
    llms, questions = first.llms, [question for bank in banks for question in bank.questions]
    if len(llms) < 2 or not questions:
        raise InputError(f"{first.path}: expected questions with grades of at least 2 LLMs, got {len(llms)} LLMs.")
    dataset_names, datasets = _codes([question.dataset for question in questions])
    subject_names, subjects = _codes([question.subject for question in questions])
    return Recorded(
        llms=llms,
        texts=[question.text for question in questions],
        same=_codes([normalised(question.text) for question in questions])[1],
        matrix=np.concatenate([(await bank.load(None)).matrix for bank in banks]),
        correct=np.concatenate([bank.correctness(llms) for bank in banks]),
        dataset_names=dataset_names,
        datasets=datasets,
        subject_names=subject_names,
        subjects=subjects,
        ballots=_ballots(banks, questions, llms) if with_answers else None,
    )


def _codes(labels: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int32]]:
    names, codes = np.unique(labels, return_inverse=True)
    return names.tolist(), codes.astype(np.int32)


def _ballots(banks: Sequence[QuestionBank], questions: Sequence[Question], llms: Sequence[str]) -> Ballots | None:
    columns = [_column(banks, llm) for llm in llms]
    if not any(answer is not None for answers, _ in columns for answer in answers):
        return None
    answers = list(zip(*(answers for answers, _ in columns), strict=True))
    replies = list(zip(*(replies for _, replies in columns), strict=True))
    return ballots([question.text for question in questions], answers, replies)


def _column(banks: Sequence[QuestionBank], llm: str) -> Column:
    """What one LLM answered and replied to every question, None where it was never asked."""
    answers: list[str | None] = []
    replies: list[str | None] = []
    for bank in banks:
        cells = {cell.question: cell for cell in bank.evaluations(llm)}
        for question in bank.questions:
            cell = cells.get(question.id)
            answers.append(cell.answer if cell else None)
            replies.append(cell.response if cell else None)
    return answers, replies
