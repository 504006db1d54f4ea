"""Merging what exists into a bank: matched by text, idempotent, vectors kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.errors import BankError, BankLockedError, EmbedderMismatchError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.io.lock import write_lock
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question
from smacs.store.text import normalised, question_id

MakeBank = Callable[[int], QuestionBank]


def found(text: str, *, identity: str = "", vector: Any = None, **grades: float) -> Found:
    cells = {llm: Evaluation(question="", correct=grade) for llm, grade in grades.items()}
    return Found(Question(id=identity, text=text, label="1"), cells, vector)


def content(bank: QuestionBank) -> dict[str, bytes]:
    files = (path for path in bank.path.rglob("*") if path.is_file() and path.suffix in (".jsonl", ".bin", ".json"))
    return {path.relative_to(bank.path).as_posix(): path.read_bytes() for path in files}


def test_new_and_known_questions(make_bank: MakeBank) -> None:
    bank = make_bank(2)  # "What is 0 - -1?", "What is 1 - 0?"
    items = [
        found("  what IS 1 -\n0? ", identity="theirs", a=1, b=0),  # the bank's q1, written otherwise
        found("A new one", a=0.5),
        found("Another of that name", identity="q0", a=1),
    ]
    report = merge(bank, items)
    bank = QuestionBank.open(bank.path)
    other = f"q0-{question_id('Another of that name')[:8]}"
    assert [question.id for question in bank.questions] == ["q0", "q1", question_id("A new one"), other]
    assert [(cell.question, cell.correct) for cell in bank.evaluations("a")] == [
        ("q1", 1),
        (question_id("A new one"), 0.5),
        (other, 1),
    ]
    assert (report.questions_new, report.questions_known, report.cells_new, report.llms) == (2, 1, 4, ["a", "b"])


def test_twice_changes_nothing(make_bank: MakeBank) -> None:
    bank = make_bank(2)
    items = [found(f"question {i}", vector=np.eye(16)[i], a=i % 2) for i in range(5)]
    merge(bank, items)
    before = content(bank)
    report = merge(bank, items)
    assert content(bank) == before
    assert (report.questions_new, report.questions_known) == (0, 5)
    assert (report.cells_new, report.cells_known, report.vectors_new) == (0, 5, 0)


def test_a_data_set_that_holds_a_question_twice_keeps_both(make_bank: MakeBank) -> None:
    bank = make_bank(0)
    items = [
        Found(Question(id=identity, text="x", dataset=dataset), {"a": Evaluation(question="", correct=1)})
        for identity, dataset in [("one", "set"), ("two", "set"), ("elsewhere", "other"), ("", "set")]
    ]
    for _ in range(2):
        merge(bank, items)
        assert [question.id for question in bank.questions] == ["one", "two"]
        assert len(bank.evaluations("a")) == 2


def test_a_conflict_is_counted_and_wins_only_when_asked_to(make_bank: MakeBank) -> None:
    bank = make_bank(1)
    merge(bank, [found("x", a=1)])
    report = merge(bank, [found("x", a=0)])
    assert (report.conflicts, bank.llms) == (1, ["a"])
    assert QuestionBank.open(bank.path).evaluations("a")[0].correct == 1
    merge(bank, [found("x", a=0)], replace=True)
    assert [cell.correct for cell in QuestionBank.open(bank.path).evaluations("a")] == [0]


def test_of_grades_that_contradict_each_other_the_first_wins_every_time(make_bank: MakeBank) -> None:
    """Two records of what the bank holds as one question, under ids of their own."""
    bank = make_bank(0)
    items = [
        Found(Question(id=identity, text="x", dataset=dataset), {"a": Evaluation(question="", correct=grade)})
        for identity, dataset, grade in [("one", "set", 1.0), ("elsewhere", "other", 0.0)]
    ]
    merge(bank, items, replace=True)
    before = content(bank)
    report = merge(bank, items, replace=True)
    assert (report.conflicts, content(bank)) == (0, before)
    assert [cell.correct for cell in bank.evaluations("a")] == [1]


def test_names_are_mapped_and_labels_compared(make_bank: MakeBank) -> None:
    bank = make_bank(1)
    merge(bank, [found("x", theirs=1)], rename={"theirs": "org/ours"})
    other = Found(Question(id="", text="x", label="2"))
    assert bank.llms == ["org/ours"]
    assert merge(bank, [other]).labels_differ == 1


def test_a_question_by_its_id_alone(make_bank: MakeBank) -> None:
    bank = make_bank(2)
    merge(bank, [Found(Question(id="q1", text=""), {"a": Evaluation(question="", correct=1)})])
    assert bank.evaluations("a")[0].question == "q1"
    with pytest.raises(InputError, match="'q7' is no question of"):
        merge(bank, [Found(Question(id="q7", text=""))])


@pytest.mark.slow
async def test_given_vectors_take_the_place_of_embedding(make_bank: MakeBank, embedder: Any, forget: Any) -> None:
    bank = make_bank(1)
    merge(bank, [found("x", vector=np.arange(16)), found("y", vector=-np.eye(16, dtype=np.float16)[3])])
    with pytest.raises(BankError, match=r"1 of 3 questions have no vector yet.*smacs bank index"):
        await bank.load(None)
    view = await bank.load(embedder)
    assert len(embedder.seen) == 1
    np.testing.assert_allclose(view.matrix[1], np.arange(16) / np.sqrt(1240), atol=1e-6)  # 0 + 1 + 4 + ... + 225
    assert view.matrix[2].tolist() == (-np.eye(16)[3]).tolist()
    again = await bank.load(None, rebuild=False)
    assert again is view
    forget()
    embedder.seen.clear()
    rebuilt = await QuestionBank.open(bank.path).load(embedder, rebuild=True)
    assert len(embedder.seen) == 1  # given vectors are truth: a rebuild does not lose them
    np.testing.assert_array_equal(rebuilt.matrix, view.matrix)


def test_what_cannot_be_merged(make_bank: MakeBank) -> None:
    bank = make_bank(1)
    with pytest.raises(EmbedderMismatchError, match=r"vector of shape \(3,\); the bank has 16 dimensions"):
        merge(bank, [found("x", vector=np.ones(3))])
    with pytest.raises(BankError, match="expected a finite one"):
        merge(bank, [found("x", vector=np.zeros(16))])
    with pytest.raises(InputError, match="within 0 and 1, got 2"):
        merge(bank, [found("x", a=2)])
    with pytest.raises(InputError, match="name of the LLM that answered is empty"):
        merge(bank, [Found(Question(id="", text="x"), {"": Evaluation(question="", correct=1)})])
    assert QuestionBank.open(bank.path).llms == []
    with write_lock(bank.path), pytest.raises(BankLockedError, match="is being written by pid"):
        merge(bank, [found("x", a=1)])


@settings(max_examples=25)
@given(st.lists(st.tuples(st.text(min_size=1).filter(str.strip), st.sampled_from("ab"), st.booleans()), max_size=12))
def test_whatever_comes_every_cell_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, bool]]
) -> None:
    path: Path = tmp_path_factory.mktemp("merge") / "bank"
    bank = QuestionBank.create(path, EmbedderSpec(model="fake", dimension=16), [])
    report = merge(
        bank, [found(text, a=float(grade)) if llm == "a" else found(text, b=float(grade)) for text, llm, grade in rows]
    )
    again = QuestionBank.open(path)
    assert report.cells_new + report.cells_known + report.conflicts == len(rows)
    assert {normalised(question.text) for question in again.questions} == {normalised(text) for text, _, _ in rows}
    assert sum(len(again.evaluations(llm)) for llm in again.llms) == report.cells_new


def test_much_text_is_written_in_small_groups(make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch) -> None:
    def groups(llm: str) -> list[int]:
        counts: list[int] = []
        merge(bank, items, rename={"a": llm}, on_progress=lambda report: counts.append(report.cells_new))
        return counts

    bank = make_bank(0)
    long = {"a": Evaluation(question="", correct=1, response="x" * 1000)}
    items = [Found(Question(id="", text=f"question {i}"), long) for i in range(5)]
    assert groups("a") == [5]
    monkeypatch.setattr("smacs.store.merge._HEAVY", 2000)
    assert groups("b") == [2, 4, 5]
    monkeypatch.setattr("smacs.store.merge._HEAVY", 1)
    assert groups("c") == [1, 2, 3, 4, 5]
