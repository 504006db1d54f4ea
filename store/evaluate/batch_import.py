"""Results of a batch, read into the bank: in any order, a part of them, twice, with failed calls among them.

No LLM is called. A cell that is there stays as it is, so that reading the same file again changes nothing.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.batch_column import Column
from smacs.store.evaluate.batch_id import llm_digest, question_digest, read_batch_id
from smacs.store.evaluate.batch_lines import decode, read_lines
from smacs.store.evaluate.batch_report import BatchReport
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.io.lock import write_lock
from smacs.store.records import Evaluation

CHUNK = 256  # lines that are in memory at once, graded side by side and written with one fsync
Line = tuple[Path, int, bytes]
Job = tuple[Column, int, Reply | Failure, str, str]  # column, row, reply, digest of how it was asked, source


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


class _Importer:
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
        self.columns: dict[str, Column] = {}
        self.report = BatchReport()

    def take(self, chunk: Sequence[Line]) -> None:
        """Read, grade and write some lines."""
        jobs = [job for line in chunk if (job := self._job(*line))]
        for (column, row, *_), outcome in zip(jobs, self.graders.map(self._grade, jobs), strict=True):
            column.take(row, outcome)
            self.report.otherwise += isinstance(outcome, Evaluation) and not outcome.prompt
        for column in self.columns.values():
            column.write()

    def _grade(self, job: Job) -> Any:
        column, row, reply, asked, source = job
        return column.grade(self.bank.questions[row], reply, asked, source)

    def _job(self, file: Path, number: int, line: bytes) -> Job | None:
        """What there is to grade in a line; counts the line in any case."""
        self.report.lines += 1
        result = decode(line)
        place = result if isinstance(result, str) else self._place(result.custom_id)
        if isinstance(place, str) or isinstance(result, str):
            self.report.refuse(str(file), number, str(place))
            return None
        column, row, asked = place
        if column.there[row]:
            self.report.known += 1
            return None
        reply = column.read(row, self.bank.questions[row], result)
        return (column, row, reply, asked, f"batch {file.name}") if reply else None

    def _place(self, custom_id: str) -> tuple[Column, int, str] | str:
        """The cell that a result is for, or why it is for none."""
        found = read_batch_id(custom_id)
        if found is None:
            return f"not asked by smacs: custom_id {custom_id[:64]!r}"
        if found.llm not in self.llms:
            return "of an LLM that is not chosen or not in the pool"
        if found.question not in self.rows:
            return "of a question that this bank does not have, or has with another text"
        return self._column(found.llm), self.rows[found.question], found.asked

    def _column(self, digest: str) -> Column:
        if digest not in self.columns:
            llm = self.llms[digest]
            writer = self.stack.enter_context(JsonlWriter(self.bank.evaluation_file(llm.name), Evaluation))
            column = Column(self.bank, llm, self.prompts, self.sampling, writer)
            self.columns[digest] = column
            self.report.summaries[llm.name] = column.summary
        return self.columns[digest]
