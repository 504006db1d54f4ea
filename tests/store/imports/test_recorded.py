"""Recorded answers: a folder of two Parquet files and an array. Small ones of the same schema, and the real one."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_
from smacs.store.index.vector_file import VectorFile, content_hash

parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` is not installed")
pyarrow = pytest.importorskip("pyarrow")
REAL = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / ".." / "shared" / "data")) / "mmlu_pro_recorded"

QUESTIONS: dict[str, list[Any]] = {
    "question_id": [70, 71, 75, 99],
    "question": ["Which?", "How many?", "Why?", "WHICH?"],  # the last one is the first one again
    "options": [["one", "two"], ["1", "2", "3"], ["yes", "no"], ["One", "Two"]],
    "answer": ["B", "C", "A", "B"],
    "category": ["law", "math", "law", "law"],
}
RESPONSES: dict[str, list[Any]] = {
    "question_id": [70, 71, 75, 99, 70, 71],
    "model": ["a", "a", "a", "a", "b", "b"],
    "answer": ["B", "A", None, "A", "B", "C"],
    "correct": [True, False, False, False, True, True],
    "response": ["The answer is (B).", "The answer is (A).", "No idea", "", "(B)", "(C)"],
}
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The folder, with some columns replaced; None takes a column away."""

    def write(**columns: list[Any] | None) -> Path:
        folder = tmp_path / "recorded"
        folder.mkdir(exist_ok=True)
        for name, table in (("questions", QUESTIONS), ("responses", RESPONSES)):
            kept = {key: columns.get(f"{name}_{key}", values) for key, values in table.items()}
            kept = {key: values for key, values in kept.items() if values is not None}
            parquet.write_table(pyarrow.table(kept), folder / f"{name}.parquet")
        vectors = np.zeros((4, 384))
        vectors[range(4), range(4)] = (3.0, 1.0, 0.5, 1.0)
        np.save(folder / "embeddings_minilm.npy", vectors.astype(np.float16))
        return folder

    return write


def test_a_bank_of_it(make: Make, tmp_path: Path) -> None:
    report = import_([make()], tmp_path / "bank")
    # the fourth question is the first one again, in other letters; the data set has both
    assert (report.questions_new, report.cells_new, report.vectors_new, report.conflicts) == (4, 6, 4, 0)
    assert report.filled == pytest.approx(6 / 8)
    bank = QuestionBank.open(tmp_path / "bank")
    first = bank.questions[0]
    assert (first.id, first.text, first.label) == ("mmlu-pro-70", "Which?\n(A) one\n(B) two", "B")
    assert (first.task, first.grader, first.dataset, first.subject) == ("choice", "choice", "MMLU-Pro", "law")
    nan = np.nan
    np.testing.assert_array_equal(
        bank.correctness(["a", "b"]), np.array([[1, 1], [0, 1], [0, nan], [0, nan]], np.float32)
    )
    cell = bank.evaluations("a")[2]
    assert (cell.answer, cell.response, cell.source) == (None, "No idea", "recorded: recorded/responses.parquet")
    made_for = bank.manifest.embedder
    hashes = [content_hash(made_for, question.text) for question in bank.questions]
    np.testing.assert_allclose(VectorFile(bank.path, made_for).find(hashes)[1], np.eye(4, 384), atol=1e-6)
    assert (bank.embedder.model, bank.embedder.dimension) == ("all-MiniLM-L6-v2", 384)


def test_a_second_time_changes_nothing(make: Make, tmp_path: Path) -> None:
    def content() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in (tmp_path / "bank").rglob("*") if file.is_file()}

    import_([make()], tmp_path / "bank")
    before = content()
    report = import_([make()], tmp_path / "bank", replace=True)
    assert content() == before
    assert (report.questions_known, report.cells_known, report.cells_new) == (4, 6, 0)


def test_without_vectors(make: Make, tmp_path: Path) -> None:
    folder = make()
    (folder / "embeddings_minilm.npy").unlink()
    assert import_([folder], tmp_path / "bank").vectors_new == 0
    assert import_([make()], tmp_path / "bank").vectors_new == 4  # they may come later


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"questions_options": None}, r"questions.parquet: expected a column 'options'; the columns are question_id"),
        ({"questions_answer": ["B", "D", "A", "B"]}, "questions.parquet, row 2: expected `answer` to be the letter of"),
        ({"questions_category": [1, 2, 3, 4]}, r"questions.parquet, row 1: Expected `str`, got `int` - at `\$.categ"),
        ({"responses_question_id": [70, 5, 75, 99, 70, 71]}, "responses.parquet, row 2: question_id 5 is not in quest"),
        ({"responses_correct": [0.5, *[0.0] * 5]}, r"responses.parquet, row 1: Expected `bool \| null`, got `float`"),
    ],
)
def test_tables_that_are_not_as_expected(make: Make, tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        import_([make(**columns)], tmp_path / "bank")
    assert not (tmp_path / "bank").exists()


def test_files_that_are_something_else(make: Make, tmp_path: Path) -> None:
    folder = make()
    np.save(folder / "embeddings_minilm.npy", np.zeros((2, 384)))
    with pytest.raises(InputError, match=r"one row of floats for each of the 4 questions, got float64 in shape \(2, 3"):
        import_([folder], tmp_path / "bank")
    (folder / "embeddings_minilm.npy").write_text("no array")
    with pytest.raises(InputError, match="is no array of numpy"):
        import_([folder], tmp_path / "bank")
    make()
    (folder / "responses.parquet").write_bytes((folder / "responses.parquet").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"responses.parquet cannot be read as Parquet"):
        import_([folder], tmp_path / "bank")


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason=f"the recorded set is not at {REAL}")
def test_the_recorded_set(tmp_path: Path) -> None:
    """8,000 questions x 15 LLMs; 89 of them have the text of another one (MMLU-Pro has them twice)."""
    report = import_([REAL], tmp_path / "bank")
    assert (report.questions_new, report.vectors_new, report.cells_new) == (8000, 7911, 120_000)
    assert (report.filled, report.ungradable, report.bank_llms) == (1.0, 0, 15)
    again = import_([REAL], tmp_path / "bank")
    assert (again.questions_new, again.cells_new, again.conflicts, again.cells_known) == (0, 0, 0, 120_000)


def test_without_the_package(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"Parquet needs another package: pip install 'smacs\[data\]'"):
        import_([folder], tmp_path / "bank")
