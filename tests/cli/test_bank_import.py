"""`smacs bank import` as a user types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.errors import InputError

SAMPLES = Path(__file__).parents[1] / "store" / "imports" / "samples"
SUMS = str(next(SAMPLES.glob("lm_eval/*7b*/samples_*")))
PLAIN = str(SAMPLES / "plain" / "answers.jsonl")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["import", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_it_says(tmp_path: Path) -> None:
    bank = str(tmp_path / "bank")
    said = run(SUMS, PLAIN, "--bank", bank, "--rename", "tiny-7b=acme/tiny-7b-instruct").splitlines()
    assert said[:6] == [
        f"{bank} (new)",
        "questions  4 new, 0 known",
        "grades     5 new, 1 known, 0 differ",
        "vectors    0 new",
        "LLM        acme/tiny-7b-instruct (in the files: tiny-7b)",
        "LLM        tiny-1b",
    ]
    assert said[6] == "the bank   4 questions, 2 LLMs, 62.5 % of 8 grades are there"
    assert any("strict-match" in line for line in said[7:])
    assert "note       1 questions of the bank have recorded grades only: no label to grade by" in said


def test_json_and_conflicts(tmp_path: Path) -> None:
    options = ("--bank", str(tmp_path / "bank"), "--llm", "me", "--dataset", "sums")
    strict = json.loads(run(SUMS, *options, "--json"))
    assert (strict["created"], strict["cells_new"], strict["filled"]) == (True, 3, 1.0)
    lenient = (SUMS, *options, "--metric", "exact_match,flexible-extract")
    assert "grades     0 new, 1 known, 2 differ (kept; --replace takes those in the files)" in run(*lenient)
    assert "grades     0 new, 1 known, 2 differ\n" in run(*lenient, "--replace")
    assert "grades     0 new, 3 known, 0 differ\n" in run(*lenient)


def test_names_of_a_pool(tmp_path: Path) -> None:
    pool = tmp_path / "pool.toml"
    pool.write_text('aggregators = ["m"]\n[llms.m]\nendpoint = "http://x/v1"\nmodel = "Acme/Tiny-7B-instruct"\n')
    said = run(SUMS, PLAIN, "--bank", str(tmp_path / "bank"), "--pool", str(pool))
    assert "LLM        m (in the files: acme/tiny-7b-instruct)" in said
    assert "not in the pool, kept as they are: tiny-7b, tiny-1b. Rename them with --rename" in said


@pytest.mark.parametrize("text", ["tiny", "=x", "x="])
def test_a_rename_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="--rename: expected THEIRS=OURS"):
        run(PLAIN, "--bank", str(tmp_path / "bank"), "--rename", text)
