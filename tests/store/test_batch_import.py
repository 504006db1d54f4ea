"""Results of a batch in every shape they come in."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smacs.errors import BankError, BankLockedError
from smacs.pool.calls.llm import LLM
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import BatchReport, batch_import, export_batch, import_batch
from smacs.store.io.lock import write_lock
from smacs.store.records import Question
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
MakePool = Callable[..., Pool]
Line = dict[str, Any]
PROMPTS = Prompts.load()
SAMPLING = {"temperature": 0.7, "max_tokens": 64}
NAME = "org/model 1"


@pytest.fixture
def llm(make_pool: MakePool) -> LLM:
    return make_pool([NAME]).llms[NAME]


@pytest.fixture
def bank(make_bank: MakeBank) -> QuestionBank:
    """The label of every fourth is 2, of the others 1."""
    return make_bank(8)


@pytest.fixture
def ids(bank: QuestionBank, llm: LLM, tmp_path: Path) -> dict[str, str]:
    """The custom_id of the request for each question."""
    [file] = export_batch(bank, [llm], PROMPTS, tmp_path / "requests.jsonl", sampling=SAMPLING)
    by_text = {question.text: question.id for question in bank.questions}
    lines = [msgspec.json.decode(line) for line in file.path.read_bytes().splitlines()]
    return {by_text[line["body"]["messages"][-1]["content"]]: line["custom_id"] for line in lines}


def completion(text: str | None = "It is \\boxed{1}.", **message: Any) -> Line:
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def openai(custom_id: str, body: Line | None = None, status: int = 200) -> Line:
    """A line of OpenAI's output or error file."""
    response = {"status_code": status, "request_id": "r", "body": body or completion()}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def vllm(custom_id: str, body: Line | None, status: int = 200, error: Any = None) -> Line:
    """A line of `vllm run-batch`: the body is null where the call failed, and `error` says why."""
    response = {"status_code": status, "request_id": "vllm-batch-1", "body": body}
    return {"id": "vllm-1", "custom_id": custom_id, "response": response, "error": error}


def read(bank: QuestionBank, llm: LLM, tmp_path: Path, *lines: Line | bytes, name: str = "out.jsonl") -> BatchReport:
    encoded = [line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines]
    (tmp_path / name).write_bytes(b"\n".join(encoded) + b"\n")
    return import_batch(bank, [llm], PROMPTS, [tmp_path / name], sampling=SAMPLING)


def test_results_are_graded_in_any_order_and_only_once(
    bank: QuestionBank, llm: LLM, ids: dict[str, str], tmp_path: Path, mock: MockServer
) -> None:
    lines = [openai(one) if i % 2 else vllm(one, completion()) for i, one in enumerate(ids.values())]
    random.Random(1).shuffle(lines)
    report = read(bank, llm, tmp_path, *lines)
    summary = report.summaries[NAME]
    assert (report.lines, report.known, report.refused, report.otherwise) == (8, 0, 0, 0)
    assert (summary.total, summary.done, summary.asked, summary.correct, summary.tokens) == (8, 8, 8, 6.0, 40)
    assert bank.correctness([NAME])[:, 0].tolist() == [1, 1, 1, 0, 1, 1, 1, 0]
    first = bank.evaluations(NAME)[0]
    assert (first.answer, first.response, first.source) == ("1", "It is \\boxed{1}.", "batch out.jsonl")
    assert (first.prompt, first.sampling) == (PROMPTS.id("math"), SAMPLING)
    before = bank.evaluation_file(NAME).read_bytes()
    again = read(bank, llm, tmp_path, *lines, *lines)
    assert (again.lines, again.known, again.summaries[NAME].asked) == (16, 16, 0)
    assert bank.evaluation_file(NAME).read_bytes() == before
    assert mock.stats().total.requests == 0


def test_failed_calls_stay_missing_and_are_listed(
    bank: QuestionBank, llm: LLM, ids: dict[str, str], tmp_path: Path
) -> None:
    lines = [
        openai(ids["q0"], {"error": {"message": "bad request"}}, status=400),
        openai(ids["q1"], {"error": {"message": "slow down"}}, status=429),
        {"id": "b", "custom_id": ids["q2"], "response": None, "error": {"code": "batch_expired", "message": "late"}},
        vllm(ids["q3"], None, status=400, error={"error": {"message": "prompt too long", "code": 400}}),
        vllm(ids["q4"], None, status=500, error="EngineDeadError"),
        openai(ids["q5"], {"page": "no completion"}),
        openai(ids["q6"], {**completion(), "choices": []}),
        openai(ids["q7"], completion("")),  # it did answer: with nothing, which is wrong
    ]
    report = read(bank, llm, tmp_path, *lines)
    found = {failure.question: (failure.kind, failure.message) for failure in report.summaries[NAME].failures}
    assert {question: kind for question, (kind, _) in found.items()} == {
        "q0": "rejected",
        "q1": "overloaded",
        "q2": "late",
        "q3": "rejected",
        "q4": "overloaded",
        "q5": "garbage",
        "q6": "garbage",
    }
    assert "HTTP 400" in found["q0"][1]
    assert "bad request" in found["q0"][1]
    assert "prompt too long" in found["q3"][1]
    assert "EngineDeadError" in found["q4"][1]
    assert [cell.question for cell in bank.evaluations(NAME)] == ["q7"]
    assert bank.evaluations(NAME)[0].correct == 0
    # a later line of the same call counts, in the same file or another
    report = read(bank, llm, tmp_path, lines[0], openai(ids["q0"]), openai(ids["q1"]), lines[2])
    assert [failure.question for failure in report.summaries[NAME].failures] == ["q2"]
    assert [cell.question for cell in bank.evaluations(NAME)] == ["q0", "q1", "q7"]


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("auto", completion("<think>2, no</think>It is \\boxed{1}.")),
        ("auto", completion("2, no</think>It is \\boxed{1}.")),
        ("field", completion(reasoning_content="2, no")),
        ("auto", completion(reasoning="2, no")),
    ],
)
def test_thinking_is_split_off(
    bank: QuestionBank, make_pool: MakePool, ids: dict[str, str], tmp_path: Path, style: str, body: Line
) -> None:
    llm = make_pool([NAME], thinking=style).llms[NAME]
    read(bank, llm, tmp_path, vllm(ids["q0"], body))
    [cell] = bank.evaluations(NAME)
    assert (cell.response, cell.reasoning) == ("It is \\boxed{1}.", "2, no")


def test_lines_of_others_and_broken_lines_are_named(
    bank: QuestionBank, llm: LLM, make_pool: MakePool, ids: dict[str, str], tmp_path: Path
) -> None:
    other = QuestionBank.create(
        tmp_path / "other",
        bank.embedder,
        [Question(id="q0", text="Another question?", label="1", task="math", grader="number")],
    )
    [foreign] = export_batch(other, [llm], PROMPTS, tmp_path / "foreign.jsonl")
    [second] = export_batch(bank, [make_pool(["two"]).llms["two"]], PROMPTS, tmp_path / "second.jsonl")
    another_bank, another_llm = (msgspec.json.decode(f.path.read_bytes().splitlines()[0]) for f in (foreign, second))
    report = read(
        bank,
        llm,
        tmp_path,
        openai(ids["q0"]),
        b'{"id": "batch_req_2", "custom_id": "smacs-',
        openai("request-7"),
        openai(another_bank["custom_id"]),
        openai(another_llm["custom_id"]),
        b'{"question": "q1", "correct": 1}',
        (tmp_path / "requests.jsonl").read_bytes().splitlines()[0],
        b"",
        b'"text"',
        openai(ids["q1"]),
    )
    assert (report.lines, report.refused, report.summaries[NAME].asked) == (9, 7, 2)
    assert {Path(line.file).name for line in report.named} == {"out.jsonl"}
    reasons = {line.line: line.reason for line in report.named}
    assert list(reasons) == [2, 3, 4, 5, 6, 7, 9]
    for number, said in {
        2: "not JSON",
        3: "not asked by smacs: custom_id 'request-7'",
        4: "a question that this bank does not have",
        5: "an LLM that is not chosen or not in the pool",
        6: "no batch result",
        7: "is it a file of requests?",
        9: "no batch result",
    }.items():
        assert said in reasons[number]


def test_a_cell_does_not_claim_a_prompt_or_sampling_that_it_was_not_asked_with(
    bank: QuestionBank, llm: LLM, ids: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").write_bytes(msgspec.json.encode(openai(ids["q0"])))
    report = import_batch(bank, [llm], PROMPTS, [tmp_path / "out.jsonl"], sampling={"temperature": 0.0})
    assert report.otherwise == 1
    [cell] = bank.evaluations(NAME)
    assert (cell.correct, cell.prompt, cell.sampling) == (1.0, "", {})


def test_memory_holds_a_chunk_at_a_time_and_an_interruption_keeps_the_chunks_before(
    bank: QuestionBank, llm: LLM, ids: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_import, "CHUNK", 3)
    lines = [msgspec.json.encode(openai(one)) + b"\n" for one in ids.values()]
    for number in (1, 2):
        (tmp_path / f"{number}.jsonl").write_bytes(b"".join(lines[4 * number - 4 : 4 * number]))

    def stop(done: int, total: int) -> None:
        assert total == sum(map(len, lines))
        if len(bank.evaluations(NAME)) == 6:
            raise KeyboardInterrupt

    files = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    with pytest.raises(KeyboardInterrupt):
        import_batch(bank, [llm], PROMPTS, files, sampling=SAMPLING, on_progress=stop)
    assert len(bank.evaluations(NAME)) == 6
    report = import_batch(bank, [llm], PROMPTS, files, sampling=SAMPLING)
    assert (report.known, report.summaries[NAME].asked) == (6, 2)


def test_what_cannot_be_graded_is_listed(
    bank: QuestionBank, llm: LLM, ids: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.questions[0] = msgspec.structs.replace(bank.questions[0], label="no number")
    report = read(bank, llm, tmp_path, openai(ids["q0"]), openai(ids["q1"]))
    [failure] = report.summaries[NAME].failures
    assert (failure.question, failure.kind) == ("q0", "ungraded")
    assert report.summaries[NAME].done == 1


def test_a_file_that_is_not_there_and_a_bank_in_use(bank: QuestionBank, llm: LLM, tmp_path: Path) -> None:
    with pytest.raises(BankError, match="cannot be read"):
        import_batch(bank, [llm], PROMPTS, [tmp_path / "none.jsonl"])
    with write_lock(bank.path), pytest.raises(BankLockedError):
        import_batch(bank, [llm], PROMPTS, [tmp_path / "none.jsonl"])
