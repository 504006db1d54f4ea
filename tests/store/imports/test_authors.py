"""The authors' bank. The released file cannot be had here: these files are made in exactly its schema, 4,096-d too."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats.authors import FORMAT
from smacs.store.index.vector_file import VectorFile, content_hash
from smacs.store.merge import MergeReport

DIMENSION = 4096
SIZE = 2_000
LLMS = ["Qwen2.5-32b-Instruct", "R1-distill-llama70b", "gemma_3_27b_it"]


def entry(i: int, vector: list[float], **other: Any) -> dict[str, Any]:
    return {
        "question": f"What is {i} + {i}?",
        "src": "MATH",
        "src_subject": "algebra",
        "src_question_id": str(i),
        "embedding": vector,
        "model_res": {llm: {"is_correct": (i + r) % 2 == 0} for r, llm in enumerate(LLMS)},
    } | other


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """Three entries; their vectors are not of length 1, as in the released file."""
    drawn = np.random.default_rng(0).normal(0, 3, (3, DIMENSION))
    entries = {str(i): entry(i, vector.tolist()) for i, vector in enumerate(drawn)}
    entries["1"] |= {"src": "MMLU-PRO"}
    entries["2"] |= {"src": "AIME", "model_res": {LLMS[0]: {"is_correct": True}, LLMS[1]: {"is_correct": None}}}
    path = tmp_path / "union_question_bank_8d.json"
    path.write_text(json.dumps(entries))
    return path


@pytest.fixture
def changed(released: Path) -> Callable[[dict[str, Any]], Path]:
    def make(fields: dict[str, Any]) -> Path:
        entries = json.loads(released.read_text())
        entries["1"] = {key: value for key, value in (entries["1"] | fields).items() if value != "gone"}
        released.write_text(json.dumps(entries))
        return released

    return make


def test_a_bank_of_it(released: Path, tmp_path: Path) -> None:
    report = import_([released], tmp_path / "bank", rename={"R1-distill-llama70b": "r1-70b"})
    assert (report.questions_new, report.cells_new, report.vectors_new) == (3, 3 + 3 + 1, 3)
    assert report.files == {str(released): "authors"}
    bank = QuestionBank.open(tmp_path / "bank")
    assert bank.embedder.model == "Linq-AI-Research/Linq-Embed-Mistral"
    assert (bank.embedder.kind, bank.embedder.dimension) == ("openai", DIMENSION)
    assert bank.embedder.query_template.endswith("\nQuery: {text}")
    assert bank.embedder.document_template == "{text}"
    assert bank.llms == ["Qwen2.5-32b-Instruct", "gemma_3_27b_it", "r1-70b"]
    assert [(q.dataset, q.task, q.subject, q.grader) for q in bank.questions] == [
        ("MATH", "math", "algebra", ""),
        ("MMLU-Pro", "choice", "algebra", ""),
        ("AIME", "math", "algebra", ""),
    ]
    nan = np.nan
    expected = np.array([[1, 0], [0, 1], [1, nan]], np.float32)  # (i + r) % 2 == 0 for r = 0, 1; one was not graded
    np.testing.assert_array_equal(bank.correctness([LLMS[0], "r1-70b"]), expected)
    assert report.filled == pytest.approx(7 / 9)
    assert report.ungradable == 3


def test_its_vectors_are_kept_at_length_1(released: Path, tmp_path: Path) -> None:
    import_([released], tmp_path / "bank")
    bank = QuestionBank.open(tmp_path / "bank")
    made_for = bank.manifest.embedder
    hashes = [content_hash(made_for, question.text) for question in bank.questions]
    found, rows = VectorFile(bank.path, made_for).find(hashes)
    assert found.all()
    vectors = np.array([value["embedding"] for value in json.loads(released.read_text()).values()])
    np.testing.assert_allclose(rows, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-6)


def test_a_second_time_changes_nothing(released: Path, tmp_path: Path) -> None:
    def content() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in (tmp_path / "bank").rglob("*") if file.is_file()}

    import_([released], tmp_path / "bank")
    before = content()
    report = import_([released], tmp_path / "bank")
    assert content() == before
    assert (report.questions_known, report.cells_known, report.questions_new, report.vectors_new) == (3, 7, 0, 0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"embedding": [1.0]}, "key '1': expected 4096 numbers in `embedding`, got 1"),
        ({"question": "gone"}, "key '1': Object missing required field `question`"),
        ({"model_res": {"a": {"correct": 1}}}, r"key '1': .*`is_correct` - at `\$.model_res\[...\]`"),
        ({"model_res": {"a": {"is_correct": 3}}}, "key '1': expected `is_correct` of 'a' to be true or false"),
    ],
)
def test_an_entry_that_is_not_as_expected(
    changed: Callable[[dict[str, Any]], Path], tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        import_([changed(fields)], tmp_path / "bank")
    assert not (tmp_path / "bank").exists()


def test_a_file_that_ends_too_early(released: Path, tmp_path: Path) -> None:
    released.write_bytes(released.read_bytes()[:-200])
    assert FORMAT.recognises(released)
    with pytest.raises(InputError, match="not whole or not the authors' bank: Input data was truncated"):
        import_([released], tmp_path / "bank")


def test_a_bank_without_vectors(changed: Callable[[dict[str, Any]], Path]) -> None:
    path = changed({"embedding": "gone"})
    assert [item.vector is None for item in FORMAT.read(path, ImportOptions())] == [False, True, False]


@pytest.mark.slow
def test_a_large_one_needs_little_memory(tmp_path: Path) -> None:
    """Two thousand entries, 170 MB of digits. Counted is memory that the system cannot take back."""

    def held() -> float:
        found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    drawn = np.random.default_rng(0).normal(0, 3, (8, DIMENSION))
    path = tmp_path / "large.json"
    with path.open("w") as file:
        lines = [json.dumps(entry(i, vector.tolist()))[:-1] for i, vector in enumerate(drawn)]
        for i in range(SIZE):
            file.write(f'{"," if i else "{"}"{i}":{lines[i % 8].replace("What is", f"{i}: what is", 1)}}}')
        file.write("}")
    before, most = held(), 0.0

    def look(_: MergeReport) -> None:
        nonlocal most
        most = max(most, held() - before)

    report = import_([path], tmp_path / "bank", on_progress=look)
    size = path.stat().st_size / 2**20
    print(f"{size:.0f} MiB imported, {most:.0f} MiB more memory")
    assert report.vectors_new == SIZE
    assert size > 150
    assert most < size / 2  # one group of vectors; the floats of all would take 32 bytes each: 250 MiB
