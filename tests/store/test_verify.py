"""`verify` names what is broken and how to mend it; `index --rebuild` mends what is derived."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smacs.store.bank import QuestionBank
from smacs.store.io.lock import write_lock
from smacs.store.keywords import keywords_file
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question
from smacs.store.verify import Problem, verify

Damage = Callable[[Path], None]


@pytest.fixture
async def bank(make_bank: Callable[[int], QuestionBank], embedder: Any, chroma_here: None) -> QuestionBank:
    """Five questions, two cells of one LLM each, a given vector, indexed."""
    made = make_bank(4)
    cells = {"org/a": Evaluation(question="", correct=1.0), "b": Evaluation(question="", correct=0.0)}
    merge(made, [Found(Question(id="q1", text=""), cells), Found(Question(id="g", text="g"), cells, np.ones(16))])
    await made.load(embedder)
    return made


def replace_line(file: Path, number: int, line: bytes) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    lines[number - 1] = line
    file.write_bytes(b"".join(lines))


def flip(file: Path, at: int) -> None:
    body = bytearray(file.read_bytes())
    body[at] ^= 0xFF
    file.write_bytes(body)


def broken(path: Path) -> list[Problem]:
    return [problem for problem in verify(path) if not problem.harmless]


def test_a_sound_bank(bank: QuestionBank) -> None:
    assert list(verify(bank.path)) == []


@pytest.mark.parametrize(
    ("file", "line", "where", "what", "mend"),
    [
        ("questions.jsonl", b'{"id": "q1", "te\n', "questions.jsonl, line 2", "is not JSON", "Restore it"),
        ("questions.jsonl", b'{"id": 7}\n', "questions.jsonl, line 2", "Expected `str`", "Restore it"),
        ("questions.jsonl", b'{"id": "q0", "text": "x"}\n', "questions.jsonl, line 2", "comes twice", "id of its own"),
        (
            "questions.jsonl",
            b'{"id": "z", "text": ""}\n',
            "questions.jsonl, line 2",
            "text is empty",
            "Give it a text",
        ),
        (
            "questions.jsonl",
            b'{"id": "z", "text": "t", "grader": "number", "label": "x"}\n',
            "questions.jsonl, line 2",
            "expected a number",
            "Correct the label",
        ),
        ("evaluations/b.jsonl", b"\x00\xff\n", "evaluations/b.jsonl, line 2", "is not JSON", "sed -i 2d"),
        ("evaluations/b.jsonl", b'{"question": "q1", "correct": 3}\n', "line 2", "`correct` is 3", "Expected 0 to 1"),
    ],
)
def test_a_broken_line(bank: QuestionBank, file: str, line: bytes, where: str, what: str, mend: str) -> None:
    replace_line(bank.path / file, 2, line)
    (problem, *_) = broken(bank.path)
    assert where in problem.where
    assert what in problem.what
    assert mend in problem.mend


def test_a_broken_line_of_keywords(bank: QuestionBank) -> None:
    keywords_file(bank.path).write_bytes(b'{"question": "q0", "keywords": ["sums"]}\n{"question": 7}\n')
    (problem,) = broken(bank.path)
    assert problem.where == "keywords.jsonl, line 2"
    assert "sed -i 2d" in problem.mend


def test_the_advice_for_a_broken_cell_mends_it(bank: QuestionBank) -> None:
    file = bank.evaluation_file("b")
    replace_line(file, 1, b"garbage\n")
    (problem,) = broken(bank.path)
    os.system(problem.mend.partition("(")[2].partition(")")[0])
    assert broken(bank.path) == []
    assert [cell.question for cell in bank.evaluations("b")] == ["g"]


def test_questions_that_come_twice_are_harmless(bank: QuestionBank) -> None:
    with bank.questions_file.open("ab") as file:
        file.write(b'{"id":"again","text":"WHAT is 0 - -1?"}\n')
    bare, twice, new = verify(bank.path)
    assert bare.what == "1 lines have no checksum, such as line 6: damage to them would not be noticed"
    assert twice.what == "1 questions have the text of another one (again)"
    assert new.what == "1 of 6 questions have no vector"
    assert twice.harmless


def test_half_lines_and_strange_cells_are_harmless(bank: QuestionBank) -> None:
    with bank.evaluation_file("b").open("ab") as file:
        file.write(b'{"question":"gone","correct":1}\n{"question":"q2","corr')
    problems = list(verify(bank.path))
    assert all(problem.harmless for problem in problems)
    assert [problem.what for problem in problems] == [
        "half a line, of a writer that was killed",
        "1 lines have no checksum, such as line 3: damage to them would not be noticed",
        "1 evaluations of questions that are not in the bank (gone)",
    ]


def test_vectors_that_came_with_questions(bank: QuestionBank) -> None:
    (file,) = (bank.path / "vectors").iterdir()
    file.write_bytes(file.read_bytes() + b"half")
    (problem,) = verify(bank.path)
    assert "half a record" in problem.what
    assert problem.harmless
    flip(file, 30)
    (problem,) = broken(bank.path)
    assert "1 of 1 vectors have a wrong checksum" in problem.what


def test_no_manifest_and_no_questions(bank: QuestionBank) -> None:
    bank.questions_file.unlink()
    assert broken(bank.path)[0].what == "is missing"
    (bank.path / "manifest.json").write_text("{")
    assert "is broken" in broken(bank.path)[0].what


def test_locks(bank: QuestionBank) -> None:
    with write_lock(bank.path):
        assert list(verify(bank.path)) == []
        (bank.path / "write.lock.holder").write_bytes(b"\xff\x00garbage")
        (problem,) = verify(bank.path)
        assert "garbage" in problem.what
    (bank.path / "write.lock").unlink(missing_ok=True)
    (bank.path / "write.lock").mkdir()
    (problem,) = verify(bank.path)
    assert "nobody can write" in problem.what
    os.system(problem.mend.partition(": ")[2])
    with write_lock(bank.path):
        pass


def arrays(bank: Path) -> None:
    (matrix,) = bank.glob("arrays/*/matrix.npy")
    flip(matrix, 200)


def cut(bank: Path) -> None:
    (matrix,) = bank.glob("arrays/*/matrix.npy")
    os.truncate(matrix, matrix.stat().st_size - 8)


def database(bank: Path) -> None:
    (bank / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def lengths(bank: Path) -> None:
    (file,) = bank.rglob("length.bin")
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [arrays, cut, database, lengths])
async def test_what_is_derived_is_mended_by_a_rebuild(
    make_bank: Callable[[int], QuestionBank], embedder: Any, forget: Callable[[], None], damage: Damage
) -> None:
    bank = make_bank(1100)  # from 1,000 on Chroma writes its vector files
    before = np.array((await bank.load(embedder)).matrix)
    forget()
    assert list(verify(bank.path)) == []
    damage(bank.path)
    problems = broken(bank.path)
    assert problems
    assert all("smacs bank index --rebuild" in problem.mend for problem in problems)
    view = await bank.load(embedder, rebuild=True)
    assert list(verify(bank.path)) == []
    np.testing.assert_allclose(view.matrix, before, atol=1e-6)


@pytest.mark.slow
async def test_vectors_that_are_missing(
    make_bank: Callable[[int], QuestionBank], embedder: Any, forget: Callable[[], None]
) -> None:
    bank = make_bank(3)
    (problem,) = verify(bank.path)
    assert (problem.what, problem.harmless) == ("there is no index of the 3 questions yet", True)
    await bank.load(embedder)
    merge(bank, [Found(Question(id="new", text="new"))])
    (problem,) = verify(bank.path)
    assert problem.what == "1 of 4 questions have no vector"
    shutil.rmtree(bank.path / "arrays")
    (problem,) = verify(bank.path)
    assert problem.harmless
