"""Requests for a batch engine: what `evaluate` would send, in files that hosts take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smacs.errors import BankError
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import Selection, batch_requests, evaluate, export_batch
from smacs.store.evaluate.batch_requests import llm_digest, question_digest, read_batch_id
from smacs.store.records import Question
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
MakePool = Callable[..., Pool]
PROMPTS = Prompts.load()
SAMPLING = {"temperature": 0.7, "presence_penalty": 1.05, "max_tokens": 64}


def requests(path: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


async def test_a_request_is_what_evaluate_sends(
    mock: MockServer, make_pool: MakePool, make_bank: MakeBank, tmp_path: Path
) -> None:
    own = {"sampling": {"temperature": 0.2, "stop": ["END"]}, "extra_body": {"top_k": 5}, "model": "hub/Model-1"}
    llm = make_pool(["a"], llms={"a": own}).llms["a"]
    bank = make_bank(6)
    [file] = export_batch(bank, [llm], PROMPTS, tmp_path / "batch.jsonl", sampling=SAMPLING)
    assert (file.llm, file.path, file.requests) == ("a", tmp_path / "batch.jsonl", 6)
    lines = requests(file.path)
    assert mock.stats().total.requests == 0
    await evaluate(bank, llm, PROMPTS, sampling=SAMPLING)
    sent = mock.stats().bodies("hub/Model-1")
    key = msgspec.json.encode
    without_stream = [{k: v for k, v in body.items() if k != "stream"} for body in sent]  # False, the default
    assert sorted((line["body"] for line in lines), key=key) == sorted(without_stream, key=key)
    assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
    assert not export_batch(bank, [llm], PROMPTS, tmp_path / "more.jsonl")  # nothing is missing any more
    assert not (tmp_path / "more.jsonl").exists()


def test_ids_are_safe_stable_and_tell_banks_apart(make_bank: MakeBank, make_pool: MakePool, tmp_path: Path) -> None:
    odd = ["1", '"\\/\n', "ä" * 300, "a-b_c", "{}"]
    spec = make_bank(1).embedder
    bank = QuestionBank.create(
        tmp_path / "odd", spec, [Question(id=i, text="Same?", label="1", task="math", grader="number") for i in odd]
    )
    llm = make_pool(['org/name with "quotes" & ü']).llms['org/name with "quotes" & ü']
    for name in ("one.jsonl", "two.jsonl"):
        export_batch(bank, [llm], PROMPTS, tmp_path / name, sampling=SAMPLING)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    ids = [line["custom_id"] for line in requests(tmp_path / "one.jsonl")]
    assert len(set(ids)) == 5
    assert all(len(one) <= 64 and one.replace("-", "").isalnum() and one.isascii() for one in ids)
    parts = [read_batch_id(one) for one in ids]
    assert {part.question for part in parts if part} == {question_digest(question) for question in bank.questions}
    assert {part.llm for part in parts if part} == {llm_digest(llm.name)}
    # sha256 of the JSON text "a" between quotes, and of ["1","Same?"]: the same on every machine
    assert llm_digest("a") == "ac8d8342bbb2"
    assert question_digest(bank.questions[0]) != question_digest(Question(id="1", text="Other?"))


def test_several_llms_get_a_file_each(make_bank: MakeBank, make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool(["org/one", "two"])
    found = export_batch(
        make_bank(8), list(pool.llms.values()), PROMPTS, tmp_path / "b.jsonl", selection=Selection(limit=3)
    )
    assert [(file.path.name, file.requests) for file in found] == [("b-org%2Fone.jsonl", 3), ("b-two.jsonl", 3)]
    assert {line["body"]["model"] for line in requests(tmp_path / "b-two.jsonl")} == {"two"}


def test_files_stay_within_the_limits(
    make_bank: MakeBank, make_pool: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, llm, path = make_bank(25), make_pool(["a"]).llms["a"], tmp_path / "b.jsonl"
    monkeypatch.setattr(batch_requests, "MOST_REQUESTS", 10)
    found = export_batch(bank, [llm], PROMPTS, path)
    assert [(file.path.name, file.requests) for file in found] == [("b.jsonl", 10), ("b-2.jsonl", 10), ("b-3.jsonl", 5)]
    ids = [line["custom_id"] for file in found for line in requests(file.path)]
    assert len(set(ids)) == 25
    longest = max(len(line) for file in found for line in file.path.read_bytes().splitlines(keepends=True))
    monkeypatch.setattr(batch_requests, "MOST_BYTES", 3 * longest)
    found = export_batch(bank, [llm], PROMPTS, tmp_path / "c.jsonl")
    assert all(file.path.stat().st_size <= 3 * longest for file in found)
    assert all(file.requests >= 3 for file in found[:-1])
    assert sum(file.requests for file in found) == 25


def test_a_batch_that_may_be_under_way_is_not_overwritten(
    make_bank: MakeBank, make_pool: MakePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, llms = make_bank(25), list(make_pool(["a", "b"]).llms.values())
    (tmp_path / "x-b.jsonl").write_text("mine")
    with pytest.raises(BankError, match=r"x-b\.jsonl is there already"):
        export_batch(bank, llms, PROMPTS, tmp_path / "x.jsonl")
    (tmp_path / "y-2.jsonl").write_text("mine")
    monkeypatch.setattr(batch_requests, "MOST_REQUESTS", 10)
    with pytest.raises(BankError, match=r"y-2\.jsonl is there already"):
        export_batch(bank, llms[:1], PROMPTS, tmp_path / "y.jsonl")
    with pytest.raises(BankError, match="cannot be written"):
        export_batch(bank, llms[:1], PROMPTS, tmp_path / "nowhere" / "z.jsonl")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["small", "x-b.jsonl", "y-2.jsonl"]
