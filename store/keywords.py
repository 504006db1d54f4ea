"""Keywords: the skills that a question needs, as an LLM names them; those of a bank are in its `keywords.jsonl`."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.io.appender import Appender, Patience, ask_all
from smacs.store.io.jsonl import JsonlWriter, read_jsonl
from smacs.store.io.lock import write_lock
from smacs.store.records import Question

MOST = 5  # keywords of a question
_LONGEST = 40  # characters: more is a sentence
_SEPARATOR = re.compile(r"[,;\n]")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])?\s*(?:keywords?:)?", re.IGNORECASE)

Answer = tuple[list[str], Reply | Failure]  # the keywords of a question, and the call


class Keywords(msgspec.Struct, frozen=True):
    """The keywords of one bank question."""

    question: str
    keywords: list[str]


def keywords_file(bank: Path) -> Path:
    """Where the keywords of the bank in a folder are."""
    return bank / "keywords.jsonl"


def read_keywords(bank: Path) -> dict[str, list[str]]:
    """Question id -> keywords; the last line of a question counts. Raises BankError for a broken line."""
    return {item.question: item.keywords for item in read_jsonl(keywords_file(bank), Keywords)}


def parse_keywords(reply: str) -> list[str]:
    """The keywords of a reply in lower case, each once."""
    parts = (_BULLET.sub("", part).strip(" .*\"'`").lower() for part in _SEPARATOR.split(reply))
    return list(dict.fromkeys(part for part in parts if 1 < len(part) <= _LONGEST))[:MOST]


async def name_keywords(
    llm: LLM,
    prompts: Prompts,
    question: str,
    *,
    sampling: Mapping[str, Any],
    seed: int | None = None,
    timeout: float | None = None,
) -> Answer:
    """The keywords of a question, and the call; none where it failed or named none."""
    result = await llm.call(prompts.naming(question), sampling=sampling, seed=seed, timeout=timeout)
    return parse_keywords(result.choices[0].text) if isinstance(result, Reply) else [], result


@dataclass(slots=True)
class Naming:
    """A pass over the questions of a bank that have no keywords yet: one call for each.

    It may be killed at any moment and started again: what was written stays, nothing that was written is asked twice.
    `done` of `total` questions have keywords, `failures` say why others have none.
    """

    llm: LLM
    prompts: Prompts
    sampling: Mapping[str, Any]
    on_progress: Callable[[int, int], None]
    total: int = 0
    done: int = 0
    failures: list[str] = field(default_factory=list)

    async def run(self, bank: QuestionBank) -> None:
        """Ask, `in_flight` at once. Raises BankError, BankLockedError."""
        in_flight = self.llm.spec.in_flight
        patience = Patience(in_flight)
        with write_lock(bank.path), JsonlWriter(keywords_file(bank.path), Keywords) as writer:
            known = await asyncio.to_thread(read_keywords, bank.path)
            missing = [question for question in bank.questions if question.id not in known]
            self.total = len(bank.questions)
            self._written(range(self.total - len(missing)))
            appender = Appender[Keywords](writer, self._written)

            async def ask(question: Question) -> Answer:
                named, result = await name_keywords(self.llm, self.prompts, question.text, sampling=self.sampling)
                patience.note("" if named else "no keywords")
                return named, result

            async def keep(question: Question, answer: Answer) -> None:
                named, result = answer
                if named:
                    await appender.save(Keywords(question.id, named))
                else:
                    why = result.message if isinstance(result, Failure) else f"{self.llm.name} named none"
                    self.failures.append(f"{question.id}: {why}")

            try:
                await ask_all(missing, ask, keep, patience, at_once=in_flight)
            finally:
                appender.close()

    def _written(self, group: Sized) -> None:
        self.done += len(group)
        self.on_progress(self.done, self.total)
