"""Flipped bits in every file of a bank: the same results, or an error that names the file; `verify` names each."""

import os
import random
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from smacs.errors import BankError
from smacs.store import view as views
from smacs.store.bank import QuestionBank
from smacs.store.index import access, chroma_process
from smacs.store.index.arrays import load_array
from smacs.store.index.chroma import BrokenIndexError
from smacs.store.index.chroma_process import ChromaProcess
from smacs.store.index.place import Place, place_of
from smacs.store.index.vector_file import VectorFile, content_hash
from smacs.store.io.checksums import file_crc32
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.keywords import Keywords, keywords_file, read_keywords
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question
from smacs.store.seal import seal
from smacs.store.tuned_settings import TunedSettings, read_tuned_settings, write_tuned_settings
from smacs.store.verify import verify

pytestmark = pytest.mark.slow

Flip = tuple[str, int]  # a file's path in the bank, and the number of a bit


@pytest.fixture
async def bank(tmp_path: Path, make_bank: Callable[[int], QuestionBank], chroma_here: None) -> QuestionBank:
    """Twelve questions with vectors, two LLMs, keywords and chosen settings, indexed."""
    made, draw = make_bank(0), np.random.default_rng(1)
    cells = [{llm: Evaluation(question="", correct=float(draw.random() < 0.5)) for llm in "ab"} for _ in range(12)]
    questions = [Question(id=f"q{i}", text=f"Number {i}?", label="1", dataset=f"d{i % 3}") for i in range(12)]
    merge(made, [Found(q, cell, draw.normal(size=16)) for q, cell in zip(questions, cells, strict=True)])
    with JsonlWriter(keywords_file(made.path), Keywords) as writer:
        writer.append(Keywords(q.id, ["sums"]) for q in questions)
    embedder = made.manifest.embedder.digest
    chosen = TunedSettings(
        settings={"tau": 0.1},
        rank_score=1.0,
        default_rank_score=None,
        folds=3,
        questions=12,
        llms=["a"],
        embedder=embedder,
        when="",
    )
    write_tuned_settings(made, {"ridge": chosen})
    await made.load(None)
    return made


async def everything(path: Path) -> Any:
    """What the bank says, read anew."""
    views._held.clear()
    bank = QuestionBank.open(path)
    view = await bank.load(None)
    columns = {llm: column.tolist() for llm, column in view.columns.items()}
    names = [[labels.names[code] for code in labels.codes] for labels in (view.datasets, view.subjects)]
    cells = [bank.evaluations(llm) for llm in bank.llms]
    rest = (bank.questions, list(map(view.questions.__getitem__, range(len(view)))), read_keywords(path))
    return view.matrix.tolist(), columns, names, cells, rest, read_tuned_settings(path), bank.manifest


def files_of(path: Path) -> list[str]:
    """All that holds data, in order."""
    names = [file.relative_to(path).as_posix() for file in sorted(path.rglob("*")) if file.is_file()]
    return [name for name in names if not name.startswith("chroma/") and not name.endswith((".lock", ".gitignore"))]


def flip(file: Path, bit: int) -> None:
    """As a disk does: size and times stay."""
    before, body = file.stat(), bytearray(file.read_bytes())
    body[bit // 8] ^= 1 << bit % 8
    file.write_bytes(body)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.slow
async def test_no_flipped_bit_changes_an_answer(bank: QuestionBank, tmp_path: Path) -> None:
    draw, copy = random.Random(5), tmp_path / "copy"
    before = await everything(bank.path)
    kinds = {Path(name).name.partition("@")[0] for name in files_of(bank.path)}
    assert {
        "manifest.json",
        "questions.jsonl",
        "a.jsonl",
        "keywords.jsonl",
        "selectors.json",
        "matrix.npy",
        "a",
    } < kinds
    for name in files_of(bank.path):
        bits = 8 * (bank.path / name).stat().st_size
        for bit in (0, bits - 6, *(draw.randrange(bits) for _ in range(12))):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(bank.path, copy)
            flip(copy / name, bit)
            found = [f"{problem.where} {problem.what}" for problem in verify(copy)]
            short = name.removeprefix("evaluations/")
            assert any(short in said for said in found), f"verify does not name bit {bit} of {name}: {found}"
            try:
                assert await everything(copy) == before, f"bit {bit} of {name}"
            except BankError as error:
                assert short in str(error), f"bit {bit} of {name}"


@pytest.mark.slow
async def test_a_flipped_bit_of_chroma_is_mended_or_said(
    bank: QuestionBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.store.index.access.ChromaProcess", ChromaProcess)
    copy, draw = tmp_path / "copy", random.Random(7)
    before = await everything(bank.path)
    file = next((bank.path / "chroma").glob("*.sqlite3"))
    body = file.read_bytes()
    row = body.find(np.asarray(before[0][3], np.float32).tobytes()[:16])  # a vector in Chroma's log
    for bit in (8 * row + 31, *(draw.randrange(8 * len(body)) for _ in range(3)), 8 * 16 + 1):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(bank.path, copy)
        shutil.rmtree(copy / "arrays")
        flip(copy / "chroma" / file.name, bit)
        after = await everything(copy)
        np.testing.assert_allclose(after[0], before[0], atol=2e-6)
        assert after[1:] == before[1:]


async def test_a_damaged_vector_that_came_with_a_question(bank: QuestionBank) -> None:
    (file,) = (bank.path / "vectors").iterdir()
    given = VectorFile(bank.path, bank.manifest.embedder)
    hashes = [content_hash(bank.manifest.embedder, question.text) for question in bank.questions]
    flip(file, 8 * 84 + 8 * 40)  # record 1, a number
    flip(file, 2 * 8 * 84 + 3)  # record 2, its hash
    assert given.broken() == [1, 2]
    assert given.find(hashes)[0].tolist() == [True, False, False] + [True] * 9
    shutil.rmtree(bank.path / "arrays")
    shutil.rmtree(bank.path / "chroma")
    views._held.clear()
    with pytest.raises(BankError, match=r"\.bin: 1 vectors have a wrong checksum.*'q1'.*import their source again"):
        await bank.load(None)
    draw = np.random.default_rng(2)
    merge(bank, [Found(question, vector=draw.normal(size=16)) for question in bank.questions])
    assert given.find(hashes)[0].all()  # importing again writes those that were damaged, and no other
    assert len(given.records()) == 14
    assert len(await bank.load(None)) == 12


def test_the_checksum_of_an_older_version_counts(bank: QuestionBank) -> None:
    given = VectorFile(bank.path, bank.manifest.embedder)
    old = np.array(given.records())
    old["crc"] = [zlib.crc32(row.tobytes()) for row in old["row"]]
    given.file.write_bytes(old.tobytes())
    assert given.broken() == []


async def test_arrays_of_an_older_version_are_checked_too(bank: QuestionBank, caplog: pytest.LogCaptureFixture) -> None:
    (matrix,) = bank.path.glob("arrays/*/matrix.npy")
    sums = {file.name: file_crc32(file) for file in matrix.parent.iterdir() if file.suffix in (".npy",)}
    sums["names.json"] = file_crc32(matrix.parent / "names.json")
    (matrix.parent / "checksums.json").write_bytes(msgspec.json.encode(sums))
    before = await everything(bank.path)
    assert "damaged" not in caplog.text
    flip(matrix, 8 * 200)
    assert await everything(bank.path) == before
    assert "is damaged (matrix.npy): it is made anew" in caplog.text


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999, 9999999), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 4), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 4), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, ",
        "__import__('os')",
        "{" * 40,
    ],
)
def test_what_is_no_array_of_that_shape_is_a_value_error(tmp_path: Path, header: str) -> None:
    file = tmp_path / "x.npy"
    for size in (0, 32):
        file.write_bytes(
            b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.ljust(117).encode() + b"\n" + bytes(size)
        )
        with pytest.raises(ValueError, match=r"x\.npy"), np.errstate(over="ignore"):
            load_array(file, np.float32, (2, 4))
    for body in (b"", b"\x93NUMPY", bytes(300)):
        file.write_bytes(body)
        with pytest.raises(ValueError, match=r"x\.npy"):
            load_array(file, np.float32, (2, 4))


def test_a_bank_of_an_older_version_is_read_and_given_checksums(bank: QuestionBank) -> None:
    for name in ("questions.jsonl", "evaluations/a.jsonl", "keywords.jsonl"):
        lines = (bank.path / name).read_bytes().splitlines()
        (bank.path / name).write_bytes(b"".join(line.partition(b',"crc32"')[0] + b"}\n" for line in lines))
    for name in ("manifest.json", "selectors.json"):
        fields = msgspec.json.decode((bank.path / name).read_bytes())
        del fields["crc32"]
        (bank.path / name).write_bytes(msgspec.json.encode(fields))
    before = (QuestionBank.open(bank.path).questions, bank.correctness(["a"]).tolist(), read_tuned_settings(bank.path))
    bare = [problem for problem in verify(bank.path) if "no checksum" in problem.what]
    assert {p.where for p in bare} == {
        "manifest.json",
        "questions.jsonl",
        "evaluations/a.jsonl",
        "keywords.jsonl",
        "selectors.json",
    }
    assert all(problem.harmless and "smacs bank seal" in problem.mend for problem in bare)
    assert seal(bank.path).new == 12 + 12 + 12 + 2
    assert seal(bank.path).new == 0
    assert [problem for problem in verify(bank.path) if "checksum" in problem.what] == []
    assert (
        QuestionBank.open(bank.path).questions,
        bank.correctness(["a"]).tolist(),
        read_tuned_settings(bank.path),
    ) == before


def test_an_edit_is_accepted_when_its_author_says_so(bank: QuestionBank) -> None:
    file = bank.questions_file
    file.write_bytes(file.read_bytes().replace(b"Number 3?", b"Number three?"))
    (bank.path / "manifest.json").write_text((bank.path / "manifest.json").read_text().replace('"fake"', '"other"'))
    with pytest.raises(BankError, match=r"manifest\.json: its checksum is wrong"):
        seal(bank.path)
    report = seal(bank.path, accept_edits=True)
    assert report.accepted == ["manifest.json", "questions.jsonl, line 4"]
    opened = QuestionBank.open(bank.path)
    assert opened.questions[3].text == "Number three?"
    assert opened.manifest.embedder.model == "other"
    file.write_bytes(file.read_bytes().replace(b'"id":"q5"', b'"id":5   '))
    with pytest.raises(BankError, match=r"questions\.jsonl, line 6: Expected `str`"):  # no record, whoever wrote it
        seal(bank.path, accept_edits=True)


WORKERS: dict[str, tuple[str, str]] = {
    "cannot import": ("raise ImportError('a broken upgrade')", "ImportError: a broken upgrade"),
    "panics at import": ("raise BaseException('panic')", "BaseException: panic"),
    "ends at import": ("import sys; sys.stderr.write('bad CPU'); sys.exit(3)", "SystemExit: 3"),
    "crashes at import": ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),
    "is another release": (
        "class PersistentClient:\n    def __init__(self, *a, **k): raise TypeError('no such')",
        "no such",
    ),
    "has no memory": ("def PersistentClient(*a, **k): raise MemoryError('12 GB')", "MemoryError: 12 GB"),
    "crashes anywhere": ("import os\ndef PersistentClient(*a, **k): os.kill(os.getpid(), 11)", "SIGSEGV"),
}


@pytest.mark.slow
@pytest.mark.parametrize("worker", WORKERS)
async def test_an_index_outlives_whatever_else_fails(
    bank: QuestionBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker: str
) -> None:
    monkeypatch.setattr("smacs.store.index.access.ChromaProcess", ChromaProcess)
    code, words = WORKERS[worker]
    fake = tmp_path / "fake" / "chromadb"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text(code)
    (fake / "config.py").write_text("class Settings:\n    def __init__(self, *a, **k): pass\n")
    monkeypatch.setenv("PYTHONPATH", str(fake.parent))
    shutil.rmtree(bank.path / "arrays")
    before = {file: file.read_bytes() for file in (bank.path / "chroma").rglob("*") if file.is_file()}
    views._held.clear()
    with pytest.raises(BankError, match="left as it is") as error:
        await bank.load(None)
    assert words in str(error.value)
    assert {file: file.read_bytes() for file in (bank.path / "chroma").rglob("*") if file.is_file()} == before


@pytest.mark.slow
async def test_what_is_damaged_is_kept_beside_the_new_index(
    bank: QuestionBank, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("smacs.store.index.access.ChromaProcess", ChromaProcess)
    before = await everything(bank.path)
    shutil.rmtree(bank.path / "arrays")
    (bank.path / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    np.testing.assert_allclose((await everything(bank.path))[0], before[0], atol=2e-6)
    (aside,) = bank.path.glob("chroma.damaged-*")
    assert (aside / "chroma.sqlite3").read_bytes() == b"garbage" * 1000
    assert f"it was moved to {aside}" in caplog.text
    (problem,) = verify(bank.path)
    assert problem.where == aside.name
    shutil.rmtree(problem.mend.partition("rm -r ")[2])
    assert list(verify(bank.path)) == []


@pytest.mark.usefixtures("chroma_here")
async def test_a_rebuild_that_fails_leaves_the_index(
    make_bank: Callable[[int], QuestionBank], embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = make_bank(5)
    await bank.load(embedder)

    async def down(texts: Any, *, query: bool = False) -> Any:
        raise BankError("down")

    monkeypatch.setattr(embedder, "embed", down)
    with pytest.raises(BankError, match="down"):
        await bank.load(embedder, rebuild=True)
    (kept,) = bank.path.glob("chroma.replaced-*")
    assert (kept / "chroma.sqlite3").exists()
    views._held.clear()
    assert len(await bank.load(None)) == 5  # by its arrays
    monkeypatch.undo()


async def test_another_program_in_the_database_is_no_damage(bank: QuestionBank) -> None:
    place = place_of(bank.path, bank.manifest)
    with sqlite3.connect(place.chroma / "chroma.sqlite3") as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(BankError, match="Another program has its database open"):
            access.check_damaged(place, BrokenIndexError("busy"))


def test_words_of_another_release_are_no_damage(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="Another version of Chroma"):
        access.check_damaged(Place(tmp_path, "", "c", 4), BrokenIndexError("UnappliedMigrationError"))


def test_an_exit_is_named() -> None:
    assert (chroma_process._named(3), chroma_process._named(-11)) == ("code 3", "SIGSEGV")
