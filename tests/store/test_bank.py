"""The bank's folder: opening, creating, V."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import BankError, EmbedderMismatchError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.manifest import BankEmbedder, new_manifest
from smacs.store.records import Evaluation, Question

SPEC = EmbedderSpec(model="fake", dimension=8)
EMBEDDER = '{"kind":"openai","model":"%s","query_template":"{text}","document_template":"%s","dimension":%d}'
STRANGERS = EMBEDDER[:-1] % ("m", "{text}", 4) + ',"endpoint":"http://evil/v1","api_key_env":"OPENAI_API_KEY"}'
ABC = [Question(id=name, text=f"text of {name}", label=[1, {"x": None}]) for name in "abc"]


def write(bank: QuestionBank, llm: str, lines: str) -> None:
    file = bank.evaluation_file(llm)
    file.parent.mkdir(exist_ok=True)
    file.write_text(lines)


def test_create_and_open(tmp_path: Path) -> None:
    spec = EmbedderSpec(
        kind="openai", model="owner/m", dimension=3, query_template="Q: {text}", document_template="D: {text}"
    )
    QuestionBank.create(tmp_path / "new" / "bank", spec, ABC)
    opened = QuestionBank.open(str(tmp_path / "new" / "bank"))
    assert opened.embedder == spec
    assert opened.questions == ABC
    assert opened.llms == []
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bank"]
    manifest = json.loads((opened.path / "manifest.json").read_text())
    assert manifest["format"] == 1
    assert set(manifest["embedder"]) == {"kind", "model", "query_template", "document_template", "dimension"}


def test_opening_reads_the_manifest_alone(tmp_path: Path) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, ABC)
    bank.questions_file.unlink()
    opened = QuestionBank.open(bank.path)
    with pytest.raises(BankError, match=r"has no questions\.jsonl"):
        _ = opened.questions


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (None, r"is no question bank: expected manifest\.json"),
        ("{", r"manifest\.json is broken"),
        ("\udcff", r"manifest\.json is broken"),
        ('{"format": 2}', "says format 2; this version of smacs reads format 1"),
        ('{"format": 1, "created": "", "embedder": {"kind": "other"}}', "kind|missing required"),
        ("[]", r"manifest\.json is broken"),
        (f'{{"format": 1, "created": "", "embedder": {EMBEDDER % ("m", "{text}", 10**9)}}}', "is broken.*dimension"),
        (f'{{"format": 1, "created": "", "embedder": {EMBEDDER % ("m", "text", 4)}}}', "is broken.*template"),
        (f'{{"format": 1, "created": "", "embedder": {STRANGERS}}}', "is broken.*unknown field `endpoint`"),
        ('{"crc32": "00000000", "format": 1}', r"manifest\.json: its checksum is wrong.*edited by hand"),
    ],
)
def test_a_manifest_that_cannot_be_used(tmp_path: Path, manifest: str | None, said: str) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest, errors="surrogateescape")
    with pytest.raises(BankError, match=said):
        QuestionBank.open(tmp_path)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="there is no such folder"):
        QuestionBank.open(tmp_path / "none")


def test_create_takes_all_or_nothing(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="'a' comes twice"):
        QuestionBank.create(tmp_path / "bank", SPEC, [ABC[0], ABC[0]])
    with pytest.raises(BankError, match="empty id"):
        QuestionBank.create(tmp_path / "bank", SPEC, [Question(id="", text="x", label=1)])
    with pytest.raises(BankError, match="dimension"):
        QuestionBank.create(tmp_path / "bank", EmbedderSpec(model="m"), ABC)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(BankError, match="not empty"):
        QuestionBank.create(tmp_path, SPEC, ABC)


def test_correctness_is_in_questions_order_with_nan_for_missing_cells(tmp_path: Path) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, ABC)
    write(
        bank,
        "one",
        '{"question": "c", "correct": 0.0, "response": "x"}\n'
        '{"question": "not in the bank", "correct": 1.0}\n'
        '{"question": "a", "correct": 0.25}\n'
        '{"question": "c", "correct": 1.0}\n',  # later lines win
    )
    write(bank, "two", '{"question": "b", "correct": 0}\n')
    v = bank.correctness(["two", "one", "never asked"])
    nan = np.nan
    np.testing.assert_array_equal(v, np.array([[nan, 0.25, nan], [0, nan, nan], [nan, 1, nan]], np.float32))
    assert v.dtype == np.float32
    assert bank.correctness([]).shape == (3, 0)
    assert [(e.question, e.correct) for e in bank.evaluations("one")] == [("a", 0.25), ("c", 1.0)]


@pytest.mark.parametrize("value", ["1.5", "-1"])
def test_a_grade_outside_0_and_1_is_refused(tmp_path: Path, value: str) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, ABC)
    write(bank, "m", f'{{"question": "a", "correct": {value}}}\n')
    with pytest.raises(BankError, match=rf"m\.jsonl: expected every `correct` within 0 and 1.*{value}"):
        bank.correctness(["m"])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_an_llm_may_have_any_name(name: str) -> None:
    bank = QuestionBank(Path("/bank"), new_manifest(SPEC))
    file = bank.evaluation_file(name)
    assert file.parent == Path("/bank/evaluations")
    assert not set('\0/\\:*?"<>| ') & set(file.name)


def test_names_come_back_from_the_files(tmp_path: Path) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, ABC)
    names = ["Qwen/Qwen2.5-72B", "..", "a b%2F", "größe", "qwen2.5-coder-1.5b"]
    for name in names:
        write(bank, name, "")
    assert bank.llms == sorted(names)
    assert Evaluation(question="a", correct=1) not in bank.evaluations("..")


def test_the_embedder_is_checked_by_what_decides_its_vectors() -> None:
    made_for = BankEmbedder.of(EmbedderSpec(dimension=384))
    made_for.check(EmbedderSpec())
    made_for.check(EmbedderSpec(kind="openai", model="sentence-transformers/all-minilm-l6-v2", endpoint="http://x/v1"))
    for other in (
        {"model": "bge-m3"},
        {"dimension": 768},
        {"query_template": "query: {text}"},
        {"document_template": "passage: {text}"},
    ):
        with pytest.raises(EmbedderMismatchError, match=r"'all-MiniLM-L6-v2' \(dimension 384.*at hand is"):
            made_for.check(EmbedderSpec.model_validate(other))


def test_two_owners_are_two_models(tmp_path: Path) -> None:
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(model="one/m", dimension=2), ABC)
    with pytest.raises(EmbedderMismatchError):
        bank.manifest.embedder.check(EmbedderSpec(model="two/m"))
