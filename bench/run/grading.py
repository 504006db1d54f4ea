"""One question answered by one system, and all of the graph's output graded: answer, references, candidates."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from smacs.bench.run.meter import Meter, metered
from smacs.bench.run.records import GradedCandidate, GradedReference, Result
from smacs.errors import InputError, NoAnswerError
from smacs.store.graders import Grade, grade
from smacs.store.records import Question


class Grading:
    """Grades on `workers`, each text of a question once, however many systems it occurs in."""

    def __init__(self, workers: Executor) -> None:
        self._workers = workers
        self._known: dict[tuple[str, str], asyncio.Future[Grade]] = {}

    async def grade(self, question: Question, text: str) -> Grade:
        """The grade of a response; raises GradingError where the label or the sandbox cannot be used."""
        key = (question.id, text)
        if key not in self._known:
            loop = asyncio.get_running_loop()
            self._known[key] = loop.run_in_executor(self._workers, grade, question, text)
        return await asyncio.shield(self._known[key])


async def answer(graph: Any, question: Question, grading: Grading) -> tuple[Result, list[str]]:
    """The result of a system, and the trouble its endpoints had: with any, the result says nothing of the system."""
    request = {"question": question.text, "task": question.task, "dataset": question.dataset}
    with metered(question.id) as meter:
        try:
            state = await graph.ainvoke(request)
        except (NoAnswerError, InputError) as error:  # nobody said anything, or the question fits no window
            return _nothing(question, meter, str(error)), meter.trouble
    return await _result(question, state, meter, grading), meter.trouble


def _nothing(question: Question, meter: Meter, why: str) -> Result:
    return Result(
        question=question.id, correct=0.0, error=why, seconds=_round(meter.latency), llm_seconds=_round(meter.total)
    )


async def _result(question: Question, state: Mapping[str, Any], meter: Meter, grading: Grading) -> Result:
    graded = await grading.grade(question, state["answer"])
    usage = state.get("usage", {})
    return Result(
        question=question.id,
        correct=graded.correct,
        answer=graded.answer,
        response=state["answer"],
        note=graded.note,
        degraded=[reason["text"] for reason in state.get("degraded", [])],
        calls=usage.get("calls", 0),
        failed=usage.get("failed", 0),
        prompt_tokens=usage.get("prompt_tokens", 0),
        completion_tokens=usage.get("completion_tokens", 0),
        seconds=_round(meter.latency),
        llm_seconds=_round(meter.total),
        selected=(state.get("selected") or {}).get("candidate"),
        support=state.get("support", {}).get("datasets", {}),
        priors=state.get("priors", {}),
        references=[await _reference(question, r, grading) for r in state.get("references", []) if not r["error"]],
        candidates=[await _candidate(question, c, grading) for c in state.get("candidates", [])],
    )


async def _reference(question: Question, record: Mapping[str, Any], grading: Grading) -> GradedReference:
    graded = await grading.grade(question, record["text"])
    parsed = graded.answer is not None
    return GradedReference(record["llm"], record["prior"], graded.correct, parsed, record["tokens"])


async def _candidate(question: Question, record: Mapping[str, Any], grading: Grading) -> GradedCandidate:
    graded = await grading.grade(question, record["text"])
    return GradedCandidate(
        index=record["index"],
        subset=record["subset"],
        correct=graded.correct,
        parsed=graded.answer is not None,
        similarity=record.get("similarity"),
        perplexity=record.get("perplexity"),
        score=record.get("score"),
    )


def _round(seconds: float) -> float:
    return round(seconds, 3)
