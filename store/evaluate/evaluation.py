"""Evaluating LLMs on a bank: every missing cell of V (eq. 1) is asked, graded and written down.

It may be killed at any moment and started again: what was written stays, nothing that was written is asked twice.
A failed call is not a wrong answer: its cell stays missing, and the next pass asks it again.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.grading import EvaluationSummary, Grading, Unanswered
from smacs.store.evaluate.selection import EVERYTHING, Missing, Selection, check_gradable, missing_cells
from smacs.store.io.appender import Appender, Patience, ask_all
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.io.lock import write_lock
from smacs.store.records import Evaluation, Question

OnProgress = Callable[[EvaluationSummary], None]
ENDPOINT = ("unreachable", "late", "rejected", "overloaded", "garbage")  # failures that say nothing about the question


async def evaluate(
    bank: QuestionBank,
    llm: LLM,
    prompts: Prompts,
    *,
    sampling: Mapping[str, Any] | None = None,
    selection: Selection = EVERYTHING,
    on_progress: OnProgress | None = None,
) -> EvaluationSummary:
    """Ask `llm` every question of `bank` that it has no evaluation of, at most `llm.spec.in_flight` at once.

    `sampling` (temperature, max_tokens, ...) holds where the pool file says nothing for this LLM. `on_progress` is
    called whenever answers are on the disk or one has failed. Raises BankError, BankLockedError, and what
    `check_gradable` raises.
    """
    found = await evaluate_all(bank, [llm], prompts, sampling=sampling, selection=selection, on_progress=on_progress)
    return found[0]


async def evaluate_all(
    bank: QuestionBank,
    llms: Sequence[LLM],
    prompts: Prompts,
    *,
    sampling: Mapping[str, Any] | None = None,
    selection: Selection = EVERYTHING,
    on_progress: OnProgress | None = None,
) -> list[EvaluationSummary]:
    """`evaluate` for several LLMs, those on different endpoints at the same time (see `lanes`)."""
    llms = list({llm.name: llm for llm in llms}.values())
    with write_lock(bank.path), ThreadPoolExecutor(os.cpu_count(), "grader") as graders:
        work = await asyncio.to_thread(missing_by_llm, bank, [llm.name for llm in llms], prompts, selection)

        async def one_after_another(lane: Sequence[LLM]) -> None:
            for llm in lane:
                await _one(llm, work[llm.name], prompts, sampling or {}, graders, on_progress or (lambda _: None))

        try:
            async with asyncio.TaskGroup() as group:
                for lane in lanes(llms):
                    group.create_task(one_after_another(lane))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            graders.shutdown(wait=False, cancel_futures=True)
    return [work[llm.name].summary for llm in llms]


def lanes(llms: Sequence[LLM]) -> list[list[LLM]]:
    """LLMs that are asked one after another; the lanes themselves run at the same time.

    LLMs at one host and port share it, and so do all that are launched on this machine: at the same time each would
    only be slower. Two ports are two servers, with accelerators of their own.
    """
    found: dict[str, list[LLM]] = {}
    for llm in llms:
        found.setdefault(urlsplit(next(iter(llm.spec.urls), "")).netloc, []).append(llm)
    return list(found.values())


def missing_by_llm(
    bank: QuestionBank, llms: Sequence[str], prompts: Prompts, selection: Selection = EVERYTHING
) -> dict[str, Missing]:
    """What each LLM would be asked. Raises BankError, InputError, and what `check_gradable` raises."""
    rows = selection.rows(bank)
    work = {llm: missing_cells(bank, llm, rows) for llm in llms}
    for missing in work.values():
        check_gradable(missing.questions(), prompts)
    return work


async def _one(
    llm: LLM,
    missing: Missing,
    prompts: Prompts,
    sampling: Mapping[str, Any],
    graders: Executor,
    on_progress: OnProgress,
) -> None:
    file = missing.bank.evaluation_file(llm.name)
    writer = await asyncio.to_thread(JsonlWriter, file, Evaluation)
    with writer:
        await _Pass(llm, missing, Grading.of(llm.spec, prompts, sampling), sampling, graders, on_progress).run(writer)


class _Pass:
    """One LLM's pass over what it lacks: asked, graded on `graders` and written side by side."""

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
        self.patience = Patience(llm.spec.in_flight, "failed calls in a row")
        self.cells: Appender[Evaluation]

    async def run(self, writer: JsonlWriter) -> None:
        """Ask what is missing, `in_flight` at once; the first error of a caller or of the disk ends it."""
        self.cells = Appender(writer, self._written)
        try:
            await ask_all(
                self.missing.questions(), self._ask, self._keep, self.patience, at_once=self.llm.spec.in_flight
            )
        finally:
            self.cells.close()

    async def _ask(self, question: Question) -> Reply | Failure:
        messages = self.grading.prompts.messages(question.task, question.text)
        reply = await self.llm.call(messages, sampling=self.sampling)
        if not isinstance(reply, Failure) or reply.kind == "empty":
            self.patience.note("")
        elif reply.kind in ENDPOINT:
            self.patience.note(reply.message)
        self.summary.stopped = self.patience.stopped
        return reply

    async def _keep(self, question: Question, reply: Reply | Failure) -> None:
        loop = asyncio.get_running_loop()
        cell = await loop.run_in_executor(self.graders, self.grading.cell, question, reply)
        self.summary.asked += 1
        if isinstance(cell, Unanswered):
            self.summary.failures.append(cell)
            self._progress()
        else:
            await self.cells.save(cell)

    def _written(self, group: Sequence[Evaluation]) -> None:
        self.summary.done += len(group)
        self.summary.correct += sum(cell.correct for cell in group)
        self.summary.tokens += sum(cell.tokens for cell in group)
        self._progress()

    def _progress(self) -> None:
        self.summary.seconds = time.monotonic() - self.start
        self.on_progress(self.summary)
