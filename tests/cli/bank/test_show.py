"""`smacs bank show`, `stats` and `export` as a user types them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.cli.bank.priors import support_of
from smacs.errors import BankError, InputError
from smacs.nodes.retrieve import support_set
from smacs.nodes.shared.settings import Settings
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question
from smacs.store.view import BankView

pytestmark = pytest.mark.slow  # each test indexes a bank of its own

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Four questions whose vectors lie in a plane, at 0, 30, 60 and 180 degrees; no embedder is at hand."""
    spec = EmbedderSpec(model="none/such", dimension=2, query_template="Q: {text}")
    bank = QuestionBank.create(tmp_path / "bank", spec, [])
    angles = np.deg2rad([0, 30, 60, 180])
    cells: dict[str, list[float | None]] = {"good": [1, 1, 1, 1], "bad": [0, 0, 1, None], "thin": [None, None, None, 1]}
    found = []
    for i, angle in enumerate(angles):
        question = Question(
            id=f"q{i}", text=f"Text {i}", label="1", grader="number", dataset=f"set-{i % 2}", subject="s"
        )
        of = {llm: grade for llm, row in cells.items() if (grade := row[i]) is not None}
        answers = {llm: Evaluation(question="", correct=v, answer="1", response="It is 1") for llm, v in of.items()}
        found.append(Found(question, answers, np.array([np.cos(angle), np.sin(angle)])))
    merge(bank, found)

    def go(command: str, *arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(
            app, [command, "--bank", str(bank.path), *arguments], catch_exceptions=False, env={"COLUMNS": "160"}
        )
        return result.exit_code, result.stdout, result.stderr

    return go


def test_a_bank_question_by_id(run: Run) -> None:
    code, out, _ = run("show", "q0", "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    assert found["question"]["text"] == "Text 0"
    # n_base of the local pool is 40, more than the bank has: all others whose cosine is >= 0.95 * the smallest, 0.
    assert [(item["id"], item["similarity"]) for item in found["neighbours"]] == [
        ("q1", 0.866),
        ("q2", 0.5),
        ("q3", 0.0),
    ]
    assert found["support"]["count"] == 3
    assert found["support"]["datasets"] == {"set-1": 0.6667, "set-0": 0.3333}
    # good: 0.866 + 0.5; bad: only the second of its two, times (1.366 / 1.366); thin: one answer of similarity 0.
    priors = {item["llm"]: item for item in found["priors"]}
    assert [item["llm"] for item in found["priors"]] == ["good", "bad", "thin"]
    assert priors["good"]["prior"] == pytest.approx(0.866 + 0.5, abs=1e-3)
    assert priors["bad"]["prior"] == pytest.approx(0.5, abs=1e-3)
    assert priors["thin"]["prior"] == 0
    assert [priors[llm]["evaluated"] for llm in ("good", "bad", "thin")] == [3, 2, 1]
    assert [(item["llm"], item["correct"]) for item in found["answers"]] == [("bad", 0.0), ("good", 1.0)]
    assert found["neighbours"][0]["correct"] == {"bad": 0.0, "good": 1.0, "thin": None}
    assert "neither among its own neighbours nor in its own support" in found["notes"][0]
    assert "query template" in found["notes"][1]


def test_a_bank_question_by_its_text_is_that_question(run: Run) -> None:
    assert run("show", " text  0", "--json")[1] == run("show", "q0", "--json")[1]


def test_the_tables(run: Run) -> None:
    code, out, _ = run("show", "q0", "--neighbours", "1")
    assert code == 0
    assert "3 questions above 0.000 (n_base 40, gamma 0.95): set-1 67%, set-0 33%" in out
    assert "Text 1" in out
    assert "Text 2" not in out
    assert "2 of 3" in out


@pytest.mark.slow
def test_a_new_question(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["show", "What is 3 + 4?", "--json"], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert found["question"] == {"id": None, "text": "What is 3 + 4?"}
    assert found["neighbours"][0]["dataset"] == "starter-arithmetic"
    assert found["answers"] == found["notes"] == []
    assert result.exit_code == 0


def test_questions_that_cannot_be_shown(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got an empty one"):
        run("show", "  ")
    spec = EmbedderSpec(dimension=2)
    QuestionBank.create(tmp_path / "single", spec, [Question(id="only", text="alone")])
    with pytest.raises(InputError, match="no question to compare with"):
        CliRunner().invoke(app, ["show", "only", "--bank", str(tmp_path / "single")], catch_exceptions=False)
    with pytest.raises(BankError, match="no such folder"):
        CliRunner().invoke(app, ["show", "x", "--bank", str(tmp_path / "none")], catch_exceptions=False)


@given(st.integers(2, 40), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_without_itself_means_as_if_it_were_not_in_the_bank(size: int, n_base: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((size, 3)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    own = int(rng.integers(size))
    settings = Settings(n_base=n_base)
    found = support_of(cast(BankView, View(matrix)), matrix[own], settings, own)
    others = np.delete(np.arange(size), own)
    expected = support_set(matrix[others], matrix[own], n_base=n_base, gamma=settings.gamma)
    assert found.indices.tolist() == others[expected.indices].tolist()
    assert np.allclose(found.similarities, expected.similarities, atol=1e-6)
    assert found.threshold == pytest.approx(expected.threshold, abs=1e-6)
    assert found.blind == expected.blind


class View:
    """As much of a bank's view as a support needs."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix

    def __len__(self) -> int:
        return len(self.matrix)


def test_stats_by_subject_and_how_thin_it_is(run: Run) -> None:
    code, out, err = run("stats", "--by", "subject", "--json")
    assert code == 0
    rows = json.loads(out)
    assert [(row["dataset"], row["subject"], row["evaluated"]) for row in rows if row["llm"] == "bad"] == [
        (None, None, 3),
        ("set-0", None, 2),
        ("set-0", "s", 2),
        ("set-1", None, 1),
        ("set-1", "s", 1),
    ]
    assert err == "33.3 % of the cells are missing; bad has 3 of 4; thin has 1 of 4\n"
    _, out, err = run("stats", "--llm", "thin")
    assert "good" not in out
    assert "thin has 1 of 4; 3 questions have no evaluation at all" in err
    assert run("stats", "--llm", "good")[2] == ""
    with pytest.raises(InputError, match="no evaluations of 'three'; it has bad, good, thin"):
        run("stats", "--llm", "three")


def test_export(run: Run, tmp_path: Path) -> None:
    code, out, err = run("export", str(tmp_path / "answers.jsonl"), "--llm", "thin")
    assert (code, out) == (0, f"4 questions\t1 LLMs\t1 answers\t{tmp_path / 'answers.jsonl'}\n")
    assert err == "3 questions without an answer have no line there\n"
    assert run("export", str(tmp_path / "union.json"), "--dataset", "set-0")[0] == 0
    assert list(json.loads((tmp_path / "union.json").read_text())) == ["0", "1"]
