"""Evaluation over real HTTP against the mock, interrupted in every way."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec
import pytest

from smacs.errors import BankLockedError, InputError
from smacs.pool.calls.llm import LLM
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import EvaluationSummary, evaluate
from smacs.store.io.jsonl import encode_lines
from smacs.store.io.lock import write_lock
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
MakePool = Callable[..., Pool]
NAME = "org/model 1"
PROMPTS = Prompts.load()


@pytest.fixture
def llm(mock: MockServer, make_pool: MakePool) -> LLM:
    mock.set(NAME, text="It is \\boxed{1}.")
    return make_pool([NAME], in_flight=3, sampling={"temperature": 0.0}).llms[NAME]


def asked(mock: MockServer, after: int = 0) -> list[str]:
    """The questions that came in, in order; `after` are left out."""
    return [body["messages"][-1]["content"] for body in mock.stats().bodies(NAME)[after:]]  # type: ignore[index]


async def test_every_question_is_asked_graded_and_written(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(20)
    mock.set(NAME, text="It is \\boxed{1}.", latency=0.02)
    steps: list[int] = []
    sampling = {"temperature": 0.7, "max_tokens": 64}
    summary = await evaluate(
        bank, llm, PROMPTS, sampling=sampling, on_progress=lambda summary: steps.append(summary.done)
    )
    # every fourth label is 2: 15 of 20 are right; the mock counts 3 words as 3 tokens
    assert (summary.total, summary.done, summary.asked, summary.correct, summary.tokens) == (20, 20, 20, 15.0, 60)
    assert summary.failures == []
    assert steps[-1] == 20
    assert sorted(asked(mock)) == sorted(question.text for question in bank.questions)
    assert 1 < mock.stats().of(NAME).max_in_flight <= 3
    assert bank.llms == [NAME]
    assert bank.correctness([NAME])[:, 0].tolist() == [0.0 if i % 4 == 3 else 1.0 for i in range(20)]
    first = bank.evaluations(NAME)[0]
    assert (first.question, first.correct, first.answer, first.response) == ("q0", 1.0, "1", "It is \\boxed{1}.")
    assert (first.tokens, first.prompt) == (3, PROMPTS.id("math"))
    assert first.sampling == {"temperature": 0.0, "max_tokens": 64}  # the LLM's own, then the pass's
    assert datetime.fromisoformat(first.when).utcoffset() is not None
    again = await evaluate(bank, llm, PROMPTS)
    assert (again.asked, again.done, again.correct) == (0, 20, 15.0)


async def test_failures_are_no_wrong_answers(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(10)
    mock.set(NAME, text="1", fault="500", calls=4)
    summary = await evaluate(bank, llm, PROMPTS)
    assert (summary.asked, summary.done) == (10, 6)
    assert [failure.kind for failure in summary.failures] == ["overloaded"] * 4
    assert NAME in summary.failures[0].message
    missing = {failure.question for failure in summary.failures}
    column = bank.correctness([NAME])[:, 0]
    assert {question.id for question, value in zip(bank.questions, column, strict=True) if value != value} == missing
    assert (await evaluate(bank, llm, PROMPTS)).asked == 4


async def test_a_question_that_cannot_be_graded_ends_nothing(make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(5)
    questions = list(bank.questions)
    questions[1] = msgspec.structs.replace(questions[1], label={"no": "number"})
    bank.questions_file.write_bytes(encode_lines(questions))
    summary = await evaluate(QuestionBank.open(bank.path), llm, PROMPTS)
    assert summary.done == 4
    assert [(failure.question, failure.kind) for failure in summary.failures] == [("q1", "ungraded")]
    assert "GradingError" in summary.failures[0].message


async def test_an_unknown_task_is_said_before_anything_is_asked(
    mock: MockServer, make_bank: MakeBank, llm: LLM
) -> None:
    bank = make_bank(5)
    bank.questions[4] = msgspec.structs.replace(bank.questions[4], task="poetry")
    with pytest.raises(InputError, match="poetry"):
        await evaluate(bank, llm, PROMPTS)
    assert mock.stats().total.requests == 0


async def test_one_evaluation_at_a_time(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(5)
    with write_lock(bank.path), pytest.raises(BankLockedError):
        await evaluate(bank, llm, PROMPTS)
    assert mock.stats().total.requests == 0


async def test_an_error_of_the_caller_ends_the_pass(make_bank: MakeBank, llm: LLM) -> None:
    def fail(summary: EvaluationSummary) -> None:
        raise ZeroDivisionError

    bank = make_bank(9)
    with pytest.raises(ZeroDivisionError):
        await evaluate(bank, llm, PROMPTS, on_progress=fail)
    assert (await evaluate(bank, llm, PROMPTS)).done == 9


async def test_ctrl_c_keeps_what_was_answered(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(20)
    enough = asyncio.Event()
    counted: list[int] = []

    def count(summary: EvaluationSummary) -> None:
        counted.append(summary.done)
        if summary.done >= 5:
            enough.set()

    task = asyncio.create_task(evaluate(bank, llm, PROMPTS, on_progress=count))
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    kept = len(bank.evaluations(NAME))
    assert counted[-1] <= kept < 20
    assert (await evaluate(bank, llm, PROMPTS)).asked == 20 - kept
