"""`smacs bank` as a user types it, over real HTTP and real Chroma."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.errors import BankError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.records import Question
from tools.mock.process import MockServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(mock: MockServer, tmp_path: Path) -> Run:
    """Run `smacs bank ...` on a bank of four questions with a pool of two LLMs: exit code, stdout, stderr."""
    questions = [Question(id=f"q{i}", text=f"Text {i}", label=str(i), task="math", grader="number") for i in range(4)]
    QuestionBank.create(tmp_path / "bank", EmbedderSpec(kind="openai", model="mock", dimension=16), questions)
    pool = f'aggregators = ["one"]\n[embedder]\nkind = "openai"\nmodel = "mock"\nendpoint = "{mock.url}"\n'
    for name in ("one", "two"):
        pool += f'[llms.{name}]\nendpoint = "{mock.url}"\nretries = 0\n'
        mock.set(name, text="2")
    (tmp_path / "pool.toml").write_text(pool)

    def go(command: str, *options: str) -> tuple[int, str, str]:
        pool = [] if command == "stats" else ["--pool", str(tmp_path / "pool.toml")]
        arguments = [command, "--bank", str(tmp_path / "bank"), *pool, *options]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        return result.exit_code, result.stdout, result.stderr

    return go


def test_evaluate_then_stats(run: Run, mock: MockServer) -> None:
    code, out, err = run("evaluate")
    assert code == 0
    assert "25.0 % correct" in err  # of the labels 0, 1, 2, 3 one is 2
    assert "one" in out
    assert "25.0" in out
    code, out, _ = run("stats", "--json")
    rows = json.loads(out)
    assert [(row["llm"], row["dataset"], row["evaluated"]) for row in rows if row["dataset"] is None] == [
        ("one", None, 4),
        ("two", None, 4),
    ]
    assert rows[0]["accuracy"] == pytest.approx(0.25)
    assert rows[0]["tokens"] == 1
    before = mock.stats().total.requests
    assert run("evaluate", "--llm", "one")[0] == 0
    assert mock.stats().total.requests == before


def test_failures_give_exit_code_1_and_a_reason(run: Run, mock: MockServer) -> None:
    mock.set("two", fault="503")
    code, out, err = run("evaluate")
    assert code == 1
    assert "two: 4 overloaded, such as question 'q0'" in err
    assert "run the same command again" in err
    assert "4/4" in out
    assert "0/4" in out


def test_an_llm_that_is_not_in_the_pool(run: Run) -> None:
    with pytest.raises(InputError, match=r"expected an LLM of .*pool\.toml \(one, two\), got 'three'"):
        run("evaluate", "--llm", "three")


@pytest.mark.slow
def test_index(run: Run, mock: MockServer) -> None:
    assert run("index")[:2] == (0, "4 questions indexed\n")
    assert run("index")[0] == 0
    assert mock.stats().total.requests == 1
    assert run("index", "--rebuild")[0] == 0
    assert mock.stats().total.requests == 2


def test_a_bank_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="no such folder"):
        CliRunner().invoke(app, ["stats", "--bank", str(tmp_path / "none")], catch_exceptions=False)
