"""One LLM's column of V (eq. 1) while the results of a batch come in."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.batch_id import asked_digest
from smacs.store.evaluate.batch_lines import ResultLine, reply_in
from smacs.store.evaluate.grading import Grading
from smacs.store.evaluate.summary import EvaluationSummary, Unanswered
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.records import Evaluation, Question


class Column:
    """What is there of it, what comes in, and what has failed.

    `there` are the rows that have a cell or are about to get one, (N,) bool.
    """

    def __init__(
        self, bank: QuestionBank, llm: LLM, prompts: Prompts, sampling: Mapping[str, Any] | None, writer: JsonlWriter
    ) -> None:
        column = bank.correctness([llm.name])[:, 0]
        self.llm, self.writer = llm, writer
        self.grading = Grading.of(llm.spec, prompts, sampling)
        self.there: NDArray[np.bool_] = ~np.isnan(column)
        done, correct = int(np.sum(self.there)), float(np.nansum(column, dtype=np.float64))
        self.summary = EvaluationSummary(llm.name, len(column), done, correct)
        self.failed: dict[int, Unanswered] = {}
        self.cells: list[Evaluation] = []

    def read(self, row: int, question: Question, result: ResultLine) -> Reply | Failure | None:
        """The reply that a result holds; None where the call failed, which is noted."""
        reply = reply_in(result, self.llm.name, self.llm.spec)
        if isinstance(reply, Failure) and reply.kind != "empty":
            self.failed[row] = Unanswered(question.id, reply.kind, reply.message)
            return None
        self.there[row] = True
        return reply

    def grade(self, question: Question, reply: Reply | Failure, asked: str, source: str) -> Evaluation | Unanswered:
        """The cell; without prompt and sampling where it was not asked as it would be now. Blocks."""
        cell = self.grading.cell(question, reply, source)
        if isinstance(cell, Evaluation) and asked != asked_digest(question, self.grading):
            return msgspec.structs.replace(cell, prompt="", sampling={})
        return cell

    def take(self, row: int, outcome: Evaluation | Unanswered) -> None:
        """Keep an outcome until `write`."""
        if isinstance(outcome, Unanswered):
            self.there[row] = False
            self.failed[row] = outcome
        else:
            self.failed.pop(row, None)
            self.cells.append(outcome)

    def write(self) -> None:
        """Put what was kept on the disk. Raises BankError."""
        if self.cells:
            self.writer.append(self.cells)
        self.summary.done += len(self.cells)
        self.summary.asked += len(self.cells)
        self.summary.correct += sum(cell.correct for cell in self.cells)
        self.summary.tokens += sum(cell.tokens for cell in self.cells)
        self.summary.failures = list(self.failed.values())
        self.cells = []
