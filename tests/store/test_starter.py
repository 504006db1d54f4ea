"""The shipped bank in the cache folder."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from smacs.errors import BankError
from smacs.pool.embed import make_embedder
from smacs.store.bank import QuestionBank

Script = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMACS_HOME", str(tmp_path))
    return tmp_path / "banks"


def test_it_is_copied_once(cache: Path) -> None:
    bank = QuestionBank.starter()
    assert bank.path.parent == cache
    assert bank.embedder.model == "all-MiniLM-L6-v2"
    assert bank.embedder.dimension == 384
    assert len(bank.questions) > 200
    bank.evaluation_file("mine").parent.mkdir(exist_ok=True)
    bank.evaluation_file("mine").write_text("")
    assert "mine" in QuestionBank.starter().llms
    assert [path.name for path in cache.iterdir()] == [bank.path.name]


def test_another_content_is_another_bank(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = QuestionBank.starter()
    (tmp_path / "bank").mkdir()
    for name in ("manifest.json", "questions.jsonl"):
        (tmp_path / "bank" / name).write_bytes((bank.path / name).read_bytes())
    with (tmp_path / "bank" / "questions.jsonl").open("a") as file:
        file.write('{"id": "new", "text": "new", "label": 1}\n')
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    other = QuestionBank.starter()
    assert other.path != bank.path
    assert other.questions[-1].id == "new"


def test_a_package_without_the_bank(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(BankError, match="starter bank"):
        QuestionBank.starter()
    assert not cache.exists()


@pytest.mark.slow
def test_many_processes_at_once(cache: Path, script: Script) -> None:
    code = "from smacs.store.bank import QuestionBank as Q; bank = Q.starter(); print(len(bank.questions), bank.path)"
    outputs = {process.communicate()[0] for process in [script(code) for _ in range(4)]}
    assert len(outputs) == 1
    assert outputs.pop().startswith(str(len(QuestionBank.starter().questions)))
    assert len(list(cache.iterdir())) == 1


def test_opening_a_bank_imports_nothing_heavy(cache: Path, script: Script) -> None:
    code = """
import sys
from smacs.store.bank import QuestionBank
bank = QuestionBank.starter()
bank.questions, bank.correctness(bank.llms)
print(*{"chromadb", "torch", "sentence_transformers", "langchain_core"} & set(sys.modules))
"""
    assert script(code).communicate() == ("\n", "")


@pytest.mark.slow
async def test_real_embeddings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MiniLM: a question finds itself, and an algebra question is nearer to algebra than to medicine."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bank = QuestionBank.starter()
    embedder = make_embedder(bank.embedder)
    view = await bank.load(embedder)
    assert view.matrix.shape == (len(bank.questions), 384)
    np.testing.assert_allclose(np.linalg.norm(view.matrix, axis=1), 1, atol=1e-6)
    query = await embedder.embed([view.questions[7].text, "Solve 3x + 4 = 19 for x."], query=True)
    similarity = view.matrix @ query.T
    assert int(similarity[:, 0].argmax()) == 7
    datasets = np.array(view.datasets.names)[view.datasets.codes]
    algebra, medicine = (similarity[datasets == f"starter-{name}", 1].max() for name in ("algebra", "medicine"))
    assert algebra > medicine + 0.2
