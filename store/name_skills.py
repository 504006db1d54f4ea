"""Naming the skills of a bank's questions: one call for each question that has no keywords yet.

It may be killed at any moment and started again: what was written stays, nothing that was written is asked twice.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.io.appender import Appender
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.io.lock import write_lock
from smacs.store.keywords import Keywords, keywords_file, name_keywords, read_keywords
from smacs.store.records import Question

PATIENCE = 50  # calls in a row without keywords that end it; twice what is in flight where that is more


@dataclass(slots=True)
class Naming:
    """A pass over the questions without keywords, and how far it is.

    `done` of `total` questions have keywords, `failures` say why others have none.
    """

    llm: LLM
    prompts: Prompts
    sampling: Mapping[str, Any]
    on_progress: Callable[[int, int], None]
    total: int = 0
    done: int = 0
    failures: list[str] = field(default_factory=list)
    in_a_row: int = 0

    async def run(self, bank: QuestionBank) -> None:
        """Ask, `in_flight` at once. Raises BankError, BankLockedError."""
        with write_lock(bank.path), JsonlWriter(keywords_file(bank.path), Keywords) as writer:
            known = await asyncio.to_thread(read_keywords, bank.path)
            missing = [question for question in bank.questions if question.id not in known]
            self.total = len(bank.questions)
            self._written(range(self.total - len(missing)))
            appender, questions = Appender[Keywords](writer, self._written), iter(missing)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(self.llm.spec.in_flight, len(missing))):
                        group.create_task(self._ask(questions, appender))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None
            finally:
                appender.close()

    async def _ask(self, questions: Iterator[Question], appender: Appender[Keywords]) -> None:
        for question in questions:
            named, result = await name_keywords(self.llm, self.prompts, question.text, sampling=self.sampling)
            self.in_a_row = 0 if named else self.in_a_row + 1
            if named:
                await appender.save(Keywords(question.id, named))
            else:
                why = result.message if isinstance(result, Failure) else f"{self.llm.name} named none"
                self.failures.append(f"{question.id}: {why}")
            if self.in_a_row >= max(PATIENCE, 2 * self.llm.spec.in_flight):
                return

    def _written(self, group: Sized) -> None:
        self.done += len(group)
        self.on_progress(self.done, self.total)
