import json
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from smacs.bench.prior.report import Report, read_json
from smacs.cli.bank.rank import rank
from smacs.errors import EmbedderMismatchError, InputError, SmacsError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question

pytestmark = pytest.mark.slow  # each run is a cross-validation

LLMS = ["even", "odd", "never"]


def question(i, text=None):
    return Question(id=f"q{i}", text=text or f"What is {i} + 1?", dataset=f"set-{i % 2}", subject=f"subject-{i % 3}")


def cell(llm, i):
    right = (llm == "even" and i % 2 == 0) or (llm == "odd" and i % 2 == 1)
    return Evaluation(question=f"q{i}", correct=float(right), answer="A" if right else "B", response="So it is.")


def found(i, text=None):
    """Question i: the LLMs that its parity names are right; llm `never` was not asked about every fifth."""
    vector = np.array([1.0, 0.1 * (i % 7), 0.0] if i % 2 else [0.0, 0.1 * (i % 7), 1.0], np.float32)
    cells = {llm: cell(llm, i) for llm in LLMS if not (llm == "never" and i % 5 == 0)}
    return Found(question(i, text), cells, vector / np.linalg.norm(vector))


def make(path, numbers, dimension=3, **texts):
    bank = QuestionBank.create(path, EmbedderSpec(model="given", dimension=dimension), [])
    merge(bank, [found(i, texts.get(f"q{i}")) for i in numbers])
    return str(path)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Forty questions; nothing in it is changed by a test."""
    return make(tmp_path_factory.mktemp("rank") / "bank", range(40))


def run(*arguments):
    app = typer.Typer()
    app.command()(rank)
    return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)


QUICK = ("--k", 2, "--calls", 1.5, "--selector", "rps", "--rule", "majority")


def test_every_output_of_one_run(bank, tmp_path):
    files = [tmp_path / name for name in ("r.json", "f.png", "r.md")]
    outputs = ("--json", files[0], "--figure", files[1], "--markdown", files[2])
    result = run("--bank", bank, "--splits", 2, "--bank-size", 28, "--test-size", 10, *QUICK, *outputs)
    assert result.exit_code == 0
    assert "40 questions, 3 LLMs, 6.7 % of the cells missing. 2 random splits, 28 bank and 10 test" in result.stdout
    report = read_json(files[0])
    assert set(report.selectors) == {"simple_router", "rps"}
    assert set(report.rules) == {"majority"}
    assert {(row.group, row.name) for row in report.rows} == {
        ("all", ""),
        *(("dataset", f"set-{i}") for i in range(2)),
        *(("subject", f"subject-{i}") for i in range(3)),
    }
    assert {metric for row in report.rows for metric in row.figures} == {
        *("rank", "live", "top1", "any"),
        *("vote", "stopped", "calls"),
    }
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert "| rps | " in files[2].read_text()


def test_the_better_of_two_is_found_by_similarity_and_by_data_set(bank):
    """Simple Router and RPS both see that `even` is right on set-0 and `odd` on set-1."""
    result = run("--bank", bank, *QUICK, "--json", "-")
    report = json.loads(result.stdout)
    assert report["setup"]["protocol"] == "5-fold cross-validation"
    whole = {row["selector"]: row["figures"] for row in report["rows"] if row["group"] == "all" and not row["rule"]}
    assert whole["rps"]["top1"]["value"]["value"] == pytest.approx(100)
    assert whole["simple_router"]["top1"]["value"]["value"] == pytest.approx(100)
    assert whole["rps"]["top1"]["gain"]["value"] == pytest.approx(0)
    assert whole["rps"]["top1"]["questions"] == 40


def test_the_json_can_be_read_back_as_a_report(bank):
    import msgspec

    result = run("--bank", bank, *QUICK, "--json", "-")
    report = msgspec.json.decode(result.stdout.encode(), type=Report, strict=True)
    assert all(row.figures for row in report.rows)


def test_a_second_run_writes_the_same_figure(bank, tmp_path):
    for name in ("one.svg", "two.svg"):
        run("--bank", bank, *QUICK, "--figure", tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_another_bank_is_the_test_set(bank, tmp_path):
    other = make(tmp_path / "other", range(100, 112))
    report = json.loads(run("--bank", bank, "--test", other, *QUICK, "--json", "-").stdout)
    assert (report["setup"]["bank_size"], report["setup"]["test_size"]) == (40, 12)
    assert report["setup"]["bank"] == "bank and other"


@pytest.mark.parametrize(("options", "fitted", "dropped"), [([], 39, 1), (["--repeats"], 40, 0)])
def test_a_test_question_that_is_in_the_bank_is_left_out_of_it(bank, tmp_path, options, fitted, dropped):
    other = make(tmp_path / "other", range(100, 104), q102="  what IS 3 + 1?")
    setup = json.loads(run("--bank", bank, "--test", other, *QUICK, *options, "--json", "-").stdout)["setup"]
    assert (setup["bank_size"], setup["test_size"], setup["dropped"]) == (fitted, 4, dropped)


def test_a_test_bank_of_another_embedder_is_refused(bank, tmp_path):
    spec = EmbedderSpec(model="another", dimension=3)
    other = QuestionBank.create(tmp_path / "other", spec, [question(100)])
    with pytest.raises(EmbedderMismatchError):
        run("--bank", bank, "--test", other.path, *QUICK)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--folds", 3, "--splits", 2], "one of --folds, --splits and --test"),
        (["--splits", 2], "--splits needs --bank-size and --test-size"),
        (["--bank-size", 5], "give --splits too"),
        (["--folds", 41], "--folds: expected 2 to 40"),
        (["--selector", "magic"], "--selector: expected one of"),
        (["--k", 0], "--k and --calls: expected at least 1, got 0 and 4"),
        (["--figure", "f.pdf"], "ends in .svg or .png, got f.pdf"),
    ],
)
def test_options_that_cannot_be_used_are_explained(bank, options, message):
    with pytest.raises(InputError, match=message):
        run("--bank", bank, *options)


def test_a_missing_matplotlib_is_said_before_anything_is_measured(bank, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SmacsError, match=r"smacs\[report\]"):
        run("--bank", bank, "--figure", tmp_path / "f.svg")


def test_a_bank_without_grades_has_nothing_to_measure(tmp_path):
    empty = QuestionBank.create(tmp_path / "empty", EmbedderSpec(model="given", dimension=3), [question(1)])
    with pytest.raises(InputError, match="grades of at least 2 LLMs, got 0 LLMs"):
        run("--bank", empty.path)
