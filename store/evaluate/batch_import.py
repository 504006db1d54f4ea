"""Reads the results of a batch into the bank, in any order, in parts, with failed calls among them.

No LLM is called. A cell that is there stays as it is, so that reading the same file twice changes nothing.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.batch_requests import asked_digest, llm_digest, question_digest, read_batch_id
from smacs.store.evaluate.batch_results import BatchReport, ResultLine, decode, read_lines, reply_in
from smacs.store.evaluate.grading import EvaluationSummary, Grading, Unanswered
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.io.lock import write_lock
from smacs.store.records import Evaluation, Question

CHUNK = 256  # lines that are in memory at once, graded side by side and written with one fsync
Line = tuple[Path, int, bytes]


def import_batch(
    bank: QuestionBank,
    llms: Sequence[LLM],
    prompts: Prompts,
    files: Sequence[Path],
    *,
    sampling: Mapping[str, Any] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> BatchReport:
    """Grade the results in `files` of requests that `export_batch` wrote, and add them to `bank`.

    `llms`, `prompts` and `sampling` are those of the export; where they changed since, a cell does not say how it was
    asked. `on_progress` gets (bytes read, bytes in all). Raises BankError, BankLockedError.
    """
    with write_lock(bank.path), ThreadPoolExecutor(os.cpu_count(), "grader") as graders, ExitStack() as stack:
        importer = _Importer(bank, llms, prompts, sampling, graders, stack)
        done, total = 0, sum(file.stat().st_size for file in files if file.exists())
        lines = ((file, number, line) for file in files for number, line in read_lines(file))
        while chunk := list(islice(lines, CHUNK)):
            importer.take(chunk)
            done += sum(len(line) for *_, line in chunk)
            if on_progress:
                on_progress(done, total)
    return importer.report


class _Column:
    """One LLM's column of V (eq. 1): what is there of it, what comes in, and what has failed.

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

    def take(self, row: int, cell: Evaluation | Unanswered) -> None:
        """Keep a cell until `write`."""
        if isinstance(cell, Unanswered):
            self.there[row] = False
            self.failed[row] = cell
        else:
            self.failed.pop(row, None)
            self.cells.append(cell)

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


class _Result(NamedTuple):
    """A result that is to be graded: the reply for a row of a column, the digest of how it was asked, its source."""

    column: _Column
    row: int
    reply: Reply | Failure
    asked: str
    source: str


class _Importer:
    """What an import has come to, and the columns it fills."""

    def __init__(
        self,
        bank: QuestionBank,
        llms: Sequence[LLM],
        prompts: Prompts,
        sampling: Mapping[str, Any] | None,
        graders: ThreadPoolExecutor,
        stack: ExitStack,
    ) -> None:
        self.bank, self.prompts, self.sampling, self.graders, self.stack = bank, prompts, sampling, graders, stack
        self.llms = {llm_digest(llm.name): llm for llm in llms}
        self.rows = {question_digest(question): row for row, question in enumerate(bank.questions)}
        self.columns: dict[str, _Column] = {}
        self.report = BatchReport()

    def take(self, chunk: Sequence[Line]) -> None:
        """Read, grade and write some lines."""
        results = [result for line in chunk if (result := self._result(*line))]
        for result, cell in zip(results, self.graders.map(self._grade, results), strict=True):
            result.column.take(result.row, cell)
            self.report.otherwise += isinstance(cell, Evaluation) and not cell.prompt
        for column in self.columns.values():
            column.write()

    def _grade(self, result: _Result) -> Evaluation | Unanswered:
        return result.column.grade(self.bank.questions[result.row], result.reply, result.asked, result.source)

    def _result(self, file: Path, number: int, line: bytes) -> _Result | None:
        """What there is to grade in a line; counts the line in any case."""
        self.report.lines += 1
        decoded = decode(line)
        place = decoded if isinstance(decoded, str) else self._place(decoded.custom_id)
        if isinstance(place, str) or isinstance(decoded, str):
            self.report.refuse(str(file), number, str(place))
            return None
        column, row, asked = place
        if column.there[row]:
            self.report.known += 1
            return None
        reply = column.read(row, self.bank.questions[row], decoded)
        return _Result(column, row, reply, asked, f"batch {file.name}") if reply else None

    def _place(self, custom_id: str) -> tuple[_Column, int, str] | str:
        """The cell that a result is for, or why it is for none."""
        found = read_batch_id(custom_id)
        if found is None:
            return f"not asked by smacs: custom_id {custom_id[:64]!r}"
        if found.llm not in self.llms:
            return "of an LLM that is not chosen or not in the pool"
        if found.question not in self.rows:
            return "of a question that this bank does not have, or has with another text"
        return self._column(found.llm), self.rows[found.question], found.asked

    def _column(self, digest: str) -> _Column:
        if digest not in self.columns:
            llm = self.llms[digest]
            writer = self.stack.enter_context(JsonlWriter(self.bank.evaluation_file(llm.name), Evaluation))
            column = _Column(self.bank, llm, self.prompts, self.sampling, writer)
            self.columns[digest] = column
            self.report.summaries[llm.name] = column.summary
        return self.columns[digest]
