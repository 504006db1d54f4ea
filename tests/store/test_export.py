"""Exports: what another tool reads, what comes back by import, and that no half file is left."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import BankError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.create.sources import Source, read_file
from smacs.store.export import Part, export
from smacs.store.imports import import_
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.keywords import Keywords, keywords_file, read_keywords
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question
from smacs.store.text import guarded, unguarded

SPEC = EmbedderSpec(model="fake", dimension=3)


@pytest.fixture
def bank(tmp_path: Path) -> QuestionBank:
    """Four questions of two data sets with vectors; "one/a" answered three of them, "two" one, one has half a point."""
    questions = [
        Question(id="q0", text="1 + 1?", label="2", task="math", grader="number", dataset="sums", subject="small"),
        Question(
            id="q1", text='Say, "yes"\n(A) no\n(B) yes', label="B", task="choice", grader="choice", dataset="words"
        ),
        Question(id="q2", text="2 + 2?", label="4", task="math", grader="number", dataset="sums"),
        Question(id="q3", text="never asked", label="4", task="math", grader="number", dataset="words"),
    ]
    cells = {
        "one/a": {"q0": 1.0, "q1": 0.0, "q2": 0.5},
        "two": {"q2": 1.0},
    }
    bank = QuestionBank.create(tmp_path / "bank", SPEC, [])
    merge(
        bank,
        [
            Found(
                question,
                {
                    llm: Evaluation(question="", correct=of[question.id], answer="2", response="It is 2.", tokens=7)
                    for llm, of in cells.items()
                    if question.id in of
                },
                np.eye(4)[i, :3] + 0.5,
            )
            for i, question in enumerate(questions)
        ],
    )
    return QuestionBank.open(bank.path)


def cells_of(bank: QuestionBank) -> dict[str, dict[str, Any]]:
    """Every cell by the text of its question."""
    texts = {question.id: question.text for question in bank.questions}
    return {
        llm: {texts[e.question]: (e.correct, e.answer, e.response, e.tokens) for e in bank.evaluations(llm)}
        for llm in bank.llms
    }


async def test_answers_come_back_by_import(bank: QuestionBank, tmp_path: Path) -> None:
    done = await export(bank, tmp_path / "out" / "answers.jsonl")
    assert (done.questions, done.llms, done.cells, done.unanswered) == (4, ["one/a", "two"], 4, 1)
    import_([done.path], tmp_path / "again")
    again = QuestionBank.open(tmp_path / "again")
    assert cells_of(again) == cells_of(bank)
    assert {(q.text, q.label, q.grader, q.task, q.dataset, q.subject) for q in again.questions} == {
        (q.text, q.label, q.grader, q.task, q.dataset, q.subject) for q in bank.questions if q.id != "q3"
    }
    report = import_([done.path], bank.path)
    assert (report.cells_new, report.conflicts, report.questions_new) == (0, 0, 0)


async def test_the_matrix_as_csv(bank: QuestionBank, tmp_path: Path) -> None:
    await export(bank, tmp_path / "v.csv")
    with (tmp_path / "v.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["id", "dataset", "subject", "one/a", "two"],
        ["q0", "sums", "small", "1", ""],
        ["q1", "words", "", "0", ""],
        ["q2", "sums", "", "0.5", "1"],
        ["q3", "words", "", "", ""],
    ]


async def test_the_matrix_as_parquet(bank: QuestionBank, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await export(bank, tmp_path / "v.parquet", llms=["one/a"], datasets=["sums"])
    assert parquet.read_table(tmp_path / "v.parquet").to_pydict() == {
        "id": ["q0", "q2"],
        "dataset": ["sums", "sums"],
        "subject": ["small", ""],
        "one/a": [1.0, 0.5],
    }


@pytest.mark.usefixtures("chroma_here")
async def test_the_authors_schema_comes_back_by_import(bank: QuestionBank, tmp_path: Path) -> None:
    await export(bank, tmp_path / "union.json")
    entries = json.loads((tmp_path / "union.json").read_text())
    assert list(entries) == ["0", "1", "2", "3"]
    assert entries["2"]["model_res"] == {"one/a": {"is_correct": True}, "two": {"is_correct": True}}
    assert entries["0"]["src"] == "sums"
    assert entries["0"]["src_subject"] == "small"
    assert entries["0"]["src_question_id"] == "q0"
    expected = np.array([1.5, 0.5, 0.5]) / np.sqrt(2.75)
    assert np.allclose(entries["0"]["embedding"], expected, atol=1e-6)
    import_([tmp_path / "union.json"], tmp_path / "again")
    again = QuestionBank.open(tmp_path / "again")
    assert [question.text for question in again.questions] == [question.text for question in bank.questions]
    view, whole = await again.load(None), await bank.load(None)
    assert np.allclose(view.matrix, whole.matrix, atol=1e-6)
    expected_grades = np.where(
        whole.correctness(bank.llms, np.arange(4)) == 0.5, 1.0, whole.correctness(bank.llms, np.arange(4))
    )
    np.testing.assert_array_equal(view.correctness(again.llms, np.arange(4)), expected_grades)


@pytest.mark.usefixtures("chroma_here")
async def test_a_folder_is_a_bank_of_its_own(bank: QuestionBank, tmp_path: Path) -> None:
    await export(bank, tmp_path / "whole")
    whole = QuestionBank.open(tmp_path / "whole")
    assert whole.questions == bank.questions
    assert [whole.evaluations(llm) for llm in whole.llms] == [bank.evaluations(llm) for llm in bank.llms]
    np.testing.assert_array_equal((await whole.load(None)).matrix, (await bank.load(None)).matrix)
    await export(bank, tmp_path / "part", llms=["two"], datasets=["sums"])
    part = QuestionBank.open(tmp_path / "part")
    assert [question.id for question in part.questions] == ["q0", "q2"]
    assert part.llms == ["two"]
    with pytest.raises(BankError, match="is not empty"):
        await export(bank, tmp_path / "part")


async def test_a_folder_has_the_keywords_of_its_questions(bank: QuestionBank, tmp_path: Path) -> None:
    with JsonlWriter(keywords_file(bank.path), Keywords) as writer:
        writer.append([Keywords("q1", ["words"]), Keywords("q2", ["addition"]), Keywords("q2", ["sums", "addition"])])
    await export(bank, tmp_path / "part", datasets=["sums"])
    assert read_keywords(tmp_path / "part") == {"q2": ["sums", "addition"]}


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("x.jsonl", {"llms": ["three"]}, "no evaluations of 'three'; it has one/a, two"),
        ("x.jsonl", {"datasets": ["none"]}, "no dataset 'none'; it has sums, words"),
        ("x.xlsx", {}, r"ends in \.jsonl, \.csv, \.parquet or \.json, or a folder"),
        ("bank/questions.jsonl", {}, "lies inside the bank"),
    ],
)
async def test_what_cannot_be_exported(
    bank: QuestionBank, tmp_path: Path, target: str, options: dict[str, Any], said: str
) -> None:
    before = bank.questions_file.read_bytes()
    with pytest.raises(InputError, match=said):
        await export(bank, tmp_path / target, **options)
    assert bank.questions_file.read_bytes() == before


async def test_a_failure_leaves_the_old_file_and_no_other(
    bank: QuestionBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "answers.jsonl"
    await export(bank, target)
    old = target.read_bytes()
    whole: Callable[..., Any] = Part.evaluations

    def fails(part: Part, llm: str) -> list[Evaluation]:
        if llm == "two":
            raise OSError(28, "No space left on device")
        found: list[Evaluation] = whole(part, llm)
        return found

    monkeypatch.setattr(Part, "evaluations", fails)
    with pytest.raises(BankError, match="No space left on device"):
        await export(bank, target)
    assert target.read_bytes() == old
    assert [path.name for path in target.parent.iterdir()] == ["answers.jsonl"]


FORMULAS = [
    "=cmd|' /C calc'!A1",
    "@SUM(1)",
    "+1",
    "-1",
    "\t=1",
    "'=quoted",
    "''-x",
    "'plain",
    " =1",
    "＝1",
    "fine",
    "'",
]


async def test_no_cell_of_a_table_is_a_formula_and_all_read_back_as_they_were(tmp_path: Path) -> None:
    source = tmp_path / "answers.jsonl"
    lines = [
        {
            "question": f"Question {i}?",
            "id": f"q{i}",
            "llm": "=HYPERLINK(1)",
            "correct": True,
            "dataset": text,
            "subject": text,
        }
        for i, text in enumerate(FORMULAS)
    ]
    source.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    import_([source], tmp_path / "bank")
    await export(QuestionBank.open(tmp_path / "bank"), tmp_path / "v.csv")
    with (tmp_path / "v.csv").open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header[3] == "'=HYPERLINK(1)"
    assert not [cell for row in rows for cell in row if cell.strip()[:1] in tuple("=+-@＝")]
    again = read_file(Source(where=str(tmp_path / "v.csv"))).rows
    kept = {question.id: question.dataset for question in QuestionBank.open(tmp_path / "bank").questions}
    assert {row.values["id"]: row.values["dataset"] for row in again} == kept
    assert [row.values["subject"] for row in again] == [row.values["dataset"] for row in again]


@given(st.text(max_size=8))
def test_a_guarded_cell_reads_back(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_cells_of_other_peoples_tables_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("question,label\n'-ing is what?,'=\n")
    assert read_file(Source(where=str(tmp_path / "other.csv"))).rows[0].values == {
        "question": "'-ing is what?",
        "label": "'=",
    }
