"""One pass of an LLM over what it lacks: asked, graded and written side by side.

A slot of the endpoint never waits for a grader or for the disk: its next question is sent as soon as a reply is here.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.store.evaluate.grading import Grading
from smacs.store.evaluate.missing import Missing
from smacs.store.evaluate.summary import EvaluationSummary, Unanswered
from smacs.store.io.appender import Appender
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.records import Evaluation, Question

OnProgress = Callable[[EvaluationSummary], None]
ENDPOINT = ("unreachable", "late", "rejected", "overloaded", "garbage")  # failures that tell nothing of the question
PATIENCE = 50  # such failures in a row that end a pass; twice what is in flight where that is more


class Pass:
    """One LLM's pass; `graders` is where replies are graded."""

    def __init__(
        self,
        llm: LLM,
        missing: Missing,
        grading: Grading,
        sampling: Mapping[str, Any],
        graders: Executor,
        on_progress: OnProgress,
    ) -> None:
        self.llm, self.missing, self.grading, self.sampling = llm, missing, grading, sampling
        self.graders, self.on_progress = graders, on_progress
        self.summary = missing.summary
        self.start = time.monotonic()
        self.in_a_row = 0
        self.room = asyncio.Semaphore(2 * llm.spec.in_flight)  # replies that are here and not on the disk yet
        self.cells: Appender[Evaluation]
        self.group: asyncio.TaskGroup

    async def run(self, writer: JsonlWriter) -> None:
        """Ask what is missing, `in_flight` at once; the first error of a caller or of the disk ends it."""
        self.cells = Appender(writer, self._written)
        questions = self.missing.questions()
        try:
            async with asyncio.TaskGroup() as self.group:
                for _ in range(min(self.llm.spec.in_flight, len(self.missing.rows))):
                    self.group.create_task(self._ask(questions))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self.cells.close()

    async def _ask(self, questions: Iterator[Question]) -> None:
        for question in questions:
            messages = self.grading.prompts.messages(question.task, question.text)
            reply = await self.llm.call(messages, sampling=self.sampling)
            self._watch(reply)
            await self.room.acquire()
            self.group.create_task(self._keep(question, reply))
            if self.summary.stopped:
                return

    async def _keep(self, question: Question, reply: Reply | Failure) -> None:
        loop = asyncio.get_running_loop()
        try:
            outcome = await loop.run_in_executor(self.graders, self.grading.cell, question, reply)
            self.summary.asked += 1
            if isinstance(outcome, Unanswered):
                self.summary.failures.append(outcome)
                self._progress()
            else:
                await self.cells.save(outcome)
        finally:
            self.room.release()

    def _written(self, group: Sequence[Evaluation]) -> None:
        self.summary.done += len(group)
        self.summary.correct += sum(cell.correct for cell in group)
        self.summary.tokens += sum(cell.tokens for cell in group)
        self._progress()

    def _progress(self) -> None:
        self.summary.seconds = time.monotonic() - self.start
        self.on_progress(self.summary)

    def _watch(self, reply: Reply | Failure) -> None:
        """End the pass when its endpoint answers nobody any more."""
        if not isinstance(reply, Failure) or reply.kind == "empty":
            self.in_a_row = 0
        elif reply.kind in ENDPOINT:
            self.in_a_row += 1
            if self.in_a_row >= max(PATIENCE, 2 * self.llm.spec.in_flight) and not self.summary.stopped:
                self.summary.stopped = f"stopped after {self.in_a_row} failed calls in a row: {reply.message}"
