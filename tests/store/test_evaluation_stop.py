"""What ends a pass early, what is refused before it, and which questions it takes."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from smacs.errors import BankError, GradingError, InputError
from smacs.pool.calls.llm import LLM
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import Selection, estimate, evaluate
from smacs.store.graders import sandbox
from smacs.store.io.appender import PATIENCE
from smacs.store.io.files import cannot_write
from smacs.store.io.jsonl import JsonlWriter, encode_lines
from smacs.store.records import Evaluation, Question
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
MakePool = Callable[..., Pool]
NAME = "org/model 1"
PROMPTS = Prompts.load()


@pytest.fixture
def llm(mock: MockServer, make_pool: MakePool) -> LLM:
    mock.set(NAME, text="It is \\boxed{1}.")
    return make_pool([NAME], in_flight=3).llms[NAME]


def change(bank: QuestionBank, rows: range, **fields: object) -> QuestionBank:
    questions = list(bank.questions)
    for row in rows:
        questions[row] = msgspec.structs.replace(questions[row], **fields)
    bank.questions_file.write_bytes(encode_lines(questions))
    return QuestionBank.open(bank.path)


@pytest.mark.parametrize("fault", ["refuse", "401", "503", "garbage"])
async def test_a_dead_endpoint_ends_the_pass(mock: MockServer, make_bank: MakeBank, llm: LLM, fault: str) -> None:
    bank = make_bank(300)
    mock.set(NAME, fault=fault)
    summary = await evaluate(bank, llm, PROMPTS)
    assert PATIENCE <= summary.asked <= PATIENCE + 2  # two more were under way
    assert summary.done == 0
    assert f"stopped after {PATIENCE} failed calls in a row: {NAME} at {mock.url}" in summary.stopped
    mock.set(NAME, text="1")
    again = await evaluate(bank, llm, PROMPTS)
    assert (again.asked, again.done, again.stopped) == (300, 300, "")


async def test_failures_that_tell_of_the_question_end_nothing(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    mock.set(NAME, fault="overflow", chars=1)
    summary = await evaluate(make_bank(2 * PATIENCE), llm, PROMPTS)
    assert (summary.asked, summary.stopped) == (2 * PATIENCE, "")
    assert {failure.kind for failure in summary.failures} == {"overflow"}


async def test_an_answer_in_between_starts_the_count_anew(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(100)
    mock.set(NAME, fault="503", calls=PATIENCE - 3)
    summary = await evaluate(bank, llm, PROMPTS)
    assert (summary.asked, summary.done, summary.stopped) == (100, 103 - PATIENCE, "")
    # the same number of failures once more, and once more none in between is enough
    mock.set(NAME, fault="503", calls=PATIENCE - 3)
    assert (await evaluate(bank, llm, PROMPTS)).stopped == ""


async def test_questions_without_a_grader_are_counted_and_not_asked(
    mock: MockServer, make_bank: MakeBank, llm: LLM
) -> None:
    bank = change(make_bank(10), range(4), grader="", label=None)
    with JsonlWriter(bank.evaluation_file(NAME), Evaluation) as writer:
        writer.append([Evaluation(question="q0", correct=1.0)])  # a recorded grade of one of them
    summary = await evaluate(bank, llm, PROMPTS)
    assert (summary.total, summary.done, summary.without_grader, summary.missing) == (10, 7, 3, 0)
    assert mock.stats().of(NAME).requests == 6


async def test_code_without_a_sandbox_is_refused_before_anything_is_asked(
    mock: MockServer, make_bank: MakeBank, llm: LLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = change(make_bank(5), range(1), grader="code", label=["assert True"], task="code", dataset="programs")
    bank = change(bank, range(1, 5), dataset="numbers")
    monkeypatch.setattr(sandbox, "sandbox_available", lambda: "There is no bwrap program.")
    with pytest.raises(GradingError, match="There is no bwrap program"):
        await evaluate(bank, llm, PROMPTS)
    assert mock.stats().total.requests == 0
    summary = await evaluate(bank, llm, PROMPTS, selection=Selection(datasets=("numbers",)))
    assert (summary.total, summary.done) == (4, 4)


async def test_a_grader_that_is_not_known_is_said_before_anything_is_asked(
    mock: MockServer, make_bank: MakeBank, llm: LLM
) -> None:
    bank = change(make_bank(5), range(1), grader="magic")
    with pytest.raises(GradingError, match="magic"):
        await evaluate(bank, llm, PROMPTS)
    assert mock.stats().total.requests == 0


async def test_a_full_disk_is_said_and_nothing_follows_half_a_line(
    mock: MockServer, make_bank: MakeBank, llm: LLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = make_bank(12)
    groups: list[int] = []
    append = JsonlWriter.append

    def full(self: JsonlWriter, records: list[msgspec.Struct]) -> None:
        groups.append(len(records))
        if len(groups) == 3:
            raise cannot_write("the disk", OSError(28, "No space left on device"))
        append(self, records)

    monkeypatch.setattr(JsonlWriter, "append", full)
    with pytest.raises(BankError, match="No space left on device"):
        await evaluate(bank, llm, PROMPTS)
    assert len(groups) == 3
    kept = len(bank.evaluations(NAME))
    assert kept == groups[0] + groups[1]
    monkeypatch.setattr(JsonlWriter, "append", append)
    assert (await evaluate(bank, llm, PROMPTS)).asked == 12 - kept


def test_a_selection_is_the_same_random_choice_for_everyone(make_bank: MakeBank, tmp_path: Path) -> None:
    bank = change(make_bank(200), range(100), dataset="first", subject="a")
    rows = Selection(limit=50).rows(bank)
    assert len(set(rows)) == 50
    assert rows == Selection().rows(bank)[:50]
    assert rows != sorted(rows)
    assert 10 < sum(row < 100 for row in rows) < 40  # of both halves
    more = QuestionBank.create(
        tmp_path / "more", bank.embedder, [*bank.questions, Question(id="new", text="New?", label="1")]
    )
    assert [row for row in Selection().rows(more) if row != 200] == Selection().rows(bank)
    assert set(Selection(datasets=("first",), subjects=("a",)).rows(bank)) == set(range(100))
    assert Selection(datasets=("first",), subjects=("",)).rows(bank) == []


def test_a_data_set_that_the_bank_does_not_have(make_bank: MakeBank) -> None:
    bank = change(make_bank(4), range(2), dataset="sums", subject="even")
    with pytest.raises(InputError, match="no data set 'sum'; it has sums"):
        Selection(datasets=("sum",)).rows(bank)
    with pytest.raises(InputError, match="no subject 'odd'; it has even"):
        Selection(subjects=("odd",)).rows(bank)


async def test_an_estimate_follows_from_what_was_answered(mock: MockServer, make_bank: MakeBank, llm: LLM) -> None:
    bank = make_bank(20)
    sampling = {"max_tokens": 50}
    before = estimate(bank, [llm], PROMPTS, sampling=sampling)[0]
    assert (before.missing, before.completion_tokens, before.seconds) == (20, None, None)
    assert before.most_tokens == 1000
    assert mock.stats().total.requests == 0
    await evaluate(bank, llm, PROMPTS, selection=Selection(limit=5))
    after = estimate(bank, [llm], PROMPTS, sampling=sampling)[0]
    # the mock counts 3 words as 3 tokens; 15 questions are left
    assert (after.total, after.done, after.missing, after.completion_tokens) == (20, 5, 15, 45)
    assert after.prompt_tokens == pytest.approx(before.prompt_tokens * 15 / 20, rel=0.1)
    assert after.seconds is not None
