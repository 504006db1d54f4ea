"""`smacs bank add-llm` and `remove-llm` as a user types them, over real HTTP and real Chroma."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.errors import InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.records import Evaluation, Question
from tools.mock.process import MockServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bank(tmp_path: Path) -> QuestionBank:
    """Four questions with the labels 0 to 3; "old" got the first two right."""
    questions = [Question(id=f"q{i}", text=f"Text {i}", label=str(i), task="math", grader="number") for i in range(4)]
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(kind="openai", model="mock", dimension=16), questions)
    with JsonlWriter(bank.evaluation_file("old"), Evaluation) as writer:
        writer.append([Evaluation(question=f"q{i}", correct=float(i < 2)) for i in range(4)])
    return bank


@pytest.fixture
def run(mock: MockServer, bank: QuestionBank, tmp_path: Path) -> Run:
    pool = f'aggregators = ["old"]\n[embedder]\nkind = "openai"\nmodel = "mock"\nendpoint = "{mock.url}"\n'
    for name in ("old", "new"):
        pool += f'[llms.{name}]\nendpoint = "{mock.url}"\nretries = 0\n'
    (tmp_path / "pool.toml").write_text(pool)
    mock.set("new", text="9")

    def go(command: str, *arguments: str, answer: str = "") -> tuple[int, str, str]:
        pool = ["--pool", str(tmp_path / "pool.toml")] if command == "add-llm" else []
        result = CliRunner().invoke(
            app, [command, "--bank", str(bank.path), *pool, *arguments], input=answer, catch_exceptions=False
        )
        return result.exit_code, result.stdout, result.stderr

    return go


@pytest.mark.slow
def test_a_new_llm_is_evaluated_and_compared(run: Run, bank: QuestionBank, mock: MockServer) -> None:
    old = bank.evaluation_file("old").read_bytes()
    code, out, _ = run("add-llm", "new")
    assert code == 0
    assert bank.correctness(["new"])[:, 0].tolist() == [0, 0, 0, 0]
    assert bank.evaluation_file("old").read_bytes() == old
    lines = out[out.index("Priors of 4 bank questions") :].splitlines()
    standings = [line.split() for line in lines if line.split()[:1] in (["old"], ["new"])]
    assert [line[0] for line in standings] == ["old", "new"]  # two of four right against none
    assert standings[1][1] == "0.0"
    before = mock.stats().total.requests
    assert run("add-llm", "new")[0] == 0
    assert mock.stats().total.requests == before  # nothing is asked or embedded twice


@pytest.mark.slow
def test_where_calls_fail_the_answers_that_are_there_count(run: Run, bank: QuestionBank, mock: MockServer) -> None:
    mock.set("new", text="2", fault="503")
    code, _, err = run("add-llm", "new")
    assert code == 1
    assert "overloaded" in err
    with JsonlWriter(bank.evaluation_file("new"), Evaluation) as writer:
        writer.append([Evaluation(question="q2", correct=1.0)])
    code, out, _ = run("add-llm", "new")
    assert code == 1
    assert "Priors of 4 bank questions" in out


def test_an_llm_that_is_not_in_the_pool(run: Run, bank: QuestionBank) -> None:
    with pytest.raises(InputError, match=r"expected an LLM of .*pool\.toml \(old, new\), got 'three'"):
        run("add-llm", "three")
    assert bank.llms == ["old"]


def test_removing_asks_first(run: Run, bank: QuestionBank) -> None:
    code, _, err = run("remove-llm", "old", answer="n\n")
    assert code == 1
    assert "Take old and its 4 evaluations out of" in err
    assert bank.llms == ["old"]
    code, out, err = run("remove-llm", "old", answer="y\n")
    assert code == 0
    assert bank.llms == []
    assert Path(out.split("\t")[1].strip()).exists()
    assert "To undo: mv" in err


def test_removing_without_a_question(run: Run, bank: QuestionBank) -> None:
    assert run("remove-llm", "old", "--yes")[0] == 0
    assert bank.llms == []
    with pytest.raises(InputError, match="no evaluations of 'old'; it has none at all"):
        run("remove-llm", "old", "--yes")
