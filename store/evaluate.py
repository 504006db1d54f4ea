"""One pass of an LLM over a bank: every missing cell of V (eq. 1) is asked, graded and written down.

It may be killed at any moment and started again: what was written stays, nothing that was written is asked twice.
A call that failed is no wrong answer: its cell stays missing and is asked again by the next pass.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from smacs.pool.llm import LLM
from smacs.pool.prompts import Prompts
from smacs.pool.replies import Choice, Failure, Reply
from smacs.store.bank import QuestionBank
from smacs.store.graders import grade
from smacs.store.jsonl import JsonlWriter
from smacs.store.lock import write_lock
from smacs.store.records import Evaluation, Question


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without a grade: a kind of `Failure`, or "ungraded" where the grader could not say."""

    question: str
    kind: str
    message: str


@dataclass(slots=True)
class EvaluationSummary:
    """How far one LLM is: of `total` questions `done` are graded, `correct` is the sum of their grades.

    `asked`, `tokens` (generated), `seconds` and `failures` count this pass alone.
    """

    llm: str
    total: int
    done: int
    correct: float
    asked: int = 0
    tokens: int = 0
    seconds: float = 0.0
    failures: list[Unanswered] = field(default_factory=list)


async def evaluate(
    bank: QuestionBank,
    llm: LLM,
    prompts: Prompts,
    *,
    sampling: Mapping[str, Any] | None = None,
    on_progress: Callable[[EvaluationSummary], None] | None = None,
) -> EvaluationSummary:
    """Ask `llm` every question of `bank` that it has no evaluation of, at most `llm.spec.in_flight` at once.

    `sampling` (temperature, max_tokens, ...) holds where the pool file says nothing for this LLM. `on_progress` is
    called after each answer that is on the disk or failed. Raises BankError, BankLockedError.
    """
    with write_lock(bank.path), JsonlWriter(bank.evaluation_file(llm.name), Evaluation) as writer:
        column = await asyncio.to_thread(bank.correctness, [llm.name])
        missing = np.isnan(column[:, 0])
        summary = EvaluationSummary(llm.name, len(missing), int(np.sum(~missing)), float(np.nansum(column)))
        pending = [bank.questions[i] for i in np.flatnonzero(missing)]
        for task in sorted({question.task for question in pending}):
            prompts.id(task)  # an unknown task is said before anything is asked
        run = _Pass(llm, prompts, sampling or {}, writer, summary, on_progress or (lambda _: None))
        try:
            await run.workers(pending)
        finally:
            writer.append(run.waiting)
    return summary


@dataclass(slots=True)
class _Pass:
    """The state of one pass: `waiting` are evaluations that are not on the disk yet."""

    llm: LLM
    prompts: Prompts
    sampling: Mapping[str, Any]
    writer: JsonlWriter
    summary: EvaluationSummary
    on_progress: Callable[[EvaluationSummary], None]
    waiting: list[Evaluation] = field(default_factory=list)
    disk: asyncio.Lock = field(default_factory=asyncio.Lock)
    start: float = field(default_factory=time.monotonic)

    async def workers(self, pending: list[Question]) -> None:
        """Work through `pending`; the first error of a worker ends all of them."""
        questions = iter(pending)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.llm.spec.in_flight, len(pending))):
                    group.create_task(self._worker(questions))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _worker(self, questions: Iterator[Question]) -> None:
        for question in questions:
            outcome = await self._ask(question)
            self.summary.asked += 1
            if isinstance(outcome, Evaluation):
                self.waiting.append(outcome)
                await self._save()
            else:
                self.summary.failures.append(outcome)
            self.summary.seconds = time.monotonic() - self.start
            self.on_progress(self.summary)

    async def _save(self) -> None:
        """Write what is waiting, one writer at a time: who comes next takes along all that came meanwhile."""
        async with self.disk:
            group, self.waiting = self.waiting, []
            await asyncio.to_thread(self.writer.append, group)
            self.summary.done += len(group)
            self.summary.correct += sum(item.correct for item in group)
            self.summary.tokens += sum(item.tokens for item in group)

    async def _ask(self, question: Question) -> Evaluation | Unanswered:
        reply = await self.llm.call(self.prompts.messages(question.task, question.text), sampling=self.sampling)
        if isinstance(reply, Failure) and reply.kind == "empty":
            reply = Reply(reply.llm, (Choice(""),), 0, 0, reply.seconds)  # it did answer: with nothing, which is wrong
        if isinstance(reply, Failure):
            return Unanswered(question.id, reply.kind, reply.message)
        return await asyncio.to_thread(self._grade, question, reply)

    def _grade(self, question: Question, reply: Reply) -> Evaluation | Unanswered:
        choice = reply.choices[0]
        try:
            result = grade(question, choice.text)
        except Exception as error:  # a grader runs over whatever an LLM wrote: one bad question must not end the pass
            return Unanswered(question.id, "ungraded", f"{type(error).__name__}: {error}")
        return Evaluation(
            question=question.id,
            correct=result.correct,
            answer=result.answer,
            response=choice.text,
            reasoning=choice.reasoning,
            tokens=reply.completion_tokens,
            seconds=round(reply.seconds, 3),
            prompt=self.prompts.id(question.task),
            sampling={**self.sampling, **self.llm.spec.sampling.model_dump(exclude_none=True)},
            when=datetime.now(UTC).isoformat(timespec="seconds"),
        )
