"""A run: every system answers every question of every benchmark, once.

It may be killed at any moment and started again: results and replies that were written stay, nothing is asked twice.
Questions come one after another, each to all systems, so that what is there at any moment can be compared.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from smacs.bench.run.cached_llm import CachedLLM, Replies
from smacs.bench.run.folder import replies_folder, results_file
from smacs.bench.run.grading import Grading, answer
from smacs.bench.run.records import Result
from smacs.errors import BankError
from smacs.pool.pool import Pool
from smacs.store.io.appender import Appender, Patience, ask_all
from smacs.store.io.jsonl import JsonlWriter, read_jsonl
from smacs.store.records import Question
from smacs.store.stats import wilson

Job = tuple[str, str, Question]  # system, benchmark, question
Answer = tuple[Result | None, list[str]]  # what a system gave, and the trouble its endpoints had


@dataclass(slots=True)
class SystemTally:
    """One system: of `total` questions `done` are answered, `correct` is the sum of their grades.

    `asked` counts this session alone; `trouble` names the questions that have no result because an endpoint failed.
    """

    system: str
    total: int
    done: int = 0
    correct: float = 0.0
    asked: int = 0
    calls: int = 0
    tokens: int = 0
    trouble: dict[str, str] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """Count a result."""
        self.done += 1
        self.correct += result.correct
        self.calls += result.calls
        self.tokens += result.prompt_tokens + result.completion_tokens

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the accuracy so far, None before the first result."""
        return wilson(self.correct / self.done, self.done) if self.done else None


OnProgress = Callable[[Mapping[str, SystemTally]], None]


class BenchRun:
    """The questions that the systems of a run have not answered yet.

    `questions` are those of each benchmark; `concurrency` is how many of them are under way at once.
    """

    def __init__(
        self,
        folder: Path,
        systems: Sequence[str],
        questions: Mapping[str, Sequence[Question]],
        *,
        concurrency: int,
    ) -> None:
        self.folder, self.systems, self.questions = folder, list(systems), questions
        self.concurrency = concurrency
        self.tallies = {name: SystemTally(name, sum(map(len, questions.values()))) for name in self.systems}
        self._done = {(s, b): self._results(s, b) for s in self.systems for b in questions}
        self._files: dict[tuple[str, str], Appender[Result]] = {}
        # Failures of endpoints that leave questions without a result.
        self._patience = Patience(concurrency, "questions in a row without a result")

    @property
    def stopped(self) -> str:
        """Why the run ended before its time; empty where it did not."""
        return self._patience.stopped

    @property
    def left(self) -> int:
        """Answers that are missing."""
        return sum(tally.total - tally.done for tally in self.tallies.values())

    def keep_replies(self, pool: Pool, stack: ExitStack) -> None:
        """From now on the pool's LLMs keep their replies in the run's folder, until `stack` is closed."""
        for name, llm in pool.llms.items():
            replies = Replies(replies_folder(self.folder), name)
            stack.callback(replies.close)
            pool.llms[name] = CachedLLM(llm, replies)

    async def run(self, graphs: Mapping[str, Any], on_progress: OnProgress = lambda _: None) -> None:
        """Answer what is missing; `graphs` are the compiled graphs of the systems. Raises BankError for the disk."""
        with ExitStack() as stack, ThreadPoolExecutor(os.cpu_count(), "grader") as workers:
            grading = Grading(workers)

            async def ask(job: Job) -> Answer:
                system, _, question = job
                result, trouble = await _answer(graphs[system], question, grading)
                self._patience.note(trouble[0] if trouble else "")
                return result, trouble

            async def keep(job: Job, answered: Answer) -> None:
                await self._keep(job, *answered, stack)
                on_progress(self.tallies)

            try:
                await ask_all(self._jobs(), ask, keep, self._patience, at_once=self.concurrency)
            finally:
                for file in self._files.values():
                    file.close()

    def _results(self, system: str, benchmark: str) -> set[str]:
        """The questions that a system has answered, counted in its tally."""
        wanted = {question.id for question in self.questions[benchmark]}
        found: set[str] = set()
        for result in read_jsonl(results_file(self.folder, system, benchmark), Result):
            if result.question in wanted - found:
                found.add(result.question)
                self.tallies[system].add(result)
        return found

    def _jobs(self) -> Iterator[Job]:
        for row in zip_longest(*([(name, q) for q in chosen] for name, chosen in self.questions.items())):
            for benchmark, question in filter(None, row):
                for system in self.systems:
                    if question.id not in self._done[system, benchmark]:
                        yield system, benchmark, question

    async def _keep(self, job: Job, result: Result | None, trouble: Sequence[str], stack: ExitStack) -> None:
        system, benchmark, question = job
        tally = self.tallies[system]
        tally.asked += 1
        if result is None or trouble:
            tally.trouble[question.id] = trouble[0]
        else:
            await self._file(system, benchmark, stack).save(result)
            tally.add(result)

    def _file(self, system: str, benchmark: str, stack: ExitStack) -> Appender[Result]:
        if (system, benchmark) not in self._files:
            writer = stack.enter_context(JsonlWriter(results_file(self.folder, system, benchmark), Result))
            self._files[system, benchmark] = Appender(writer)
        return self._files[system, benchmark]


async def _answer(graph: Any, question: Question, grading: Grading) -> Answer:
    """As `answer`; where something breaks over what an LLM wrote, that is the question's trouble, not the run's end."""
    try:
        return await answer(graph, question, grading)
    except BankError:  # the disk: what comes next could not be kept either
        raise
    except Exception as error:
        return None, [f"{type(error).__name__}: {error}"]
