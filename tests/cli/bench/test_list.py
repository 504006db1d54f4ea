"""`smacs bench list` and `smacs bench bank`, as they are typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.cli.main import app
from smacs.errors import InputError
from smacs.store.bank import QuestionBank

FIXTURES = Path(__file__).parents[2] / "bench" / "fixtures" / "benchmarks"
POOL = """
aggregators = ["one"]
[llms.one]
endpoint = "http://127.0.0.1:9/v1"
[embedder]
kind = "openai"
model = "mock-embedder"
endpoint = "{url}"
dimension = 16
"""


def run(*arguments: str | int | Path) -> list[str]:
    result = CliRunner().invoke(app, ["bench", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.fixture
def pool(mock, tmp_path):
    file = tmp_path / "pool.toml"
    file.write_text(POOL.format(url=mock.url))
    return file


@pytest.fixture
def data(tmp_path):
    """Two tests of MBPP and four tasks for the bank, one with the words of a test."""
    words = {11: "Give one.", 12: "Give two.", 511: "give ONE.", 512: "Give three.", 513: "Give four.", 514: "Give 5."}
    rows = [{"task_id": i, "text": text, "test_list": [f"assert give() == {i}"]} for i, text in words.items()]
    (tmp_path / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_list_counts_what_a_folder_has():
    lines = {line.split()[0]: line.split() for line in run("list", "--data", FIXTURES)}
    assert lines["gpqa_diamond"][2:] == ["198", "2", "3"]
    assert lines["livecodebench"][2:] == ["2", "2"]
    assert lines["medmcqa"][2:] == ["1,200", "-", "-"]
    assert any("TIGER-Lab/MMLU-Pro" in line for line in run("list"))


def test_bank_makes_and_extends(tmp_path, data, pool):
    folder = tmp_path / "bank"
    first = run("bank", folder, "--benchmarks", "mbpp", "--data", data, "--limit", 2, "--seed", 1, "--pool", pool)
    assert first == ["mbpp                2 new      0 known      1 copies left out", f"2 questions\t{folder}"]
    more = run("bank", folder, "--benchmarks", "mbpp", "--data", data, "--pool", pool)
    assert more == ["mbpp                1 new      2 known      1 copies left out", f"3 questions\t{folder}"]
    other = run("bank", folder, "--benchmarks", "gpqa_diamond, livecodebench", "--data", FIXTURES, "--pool", pool)
    assert [line.split()[:2] for line in other] == [["gpqa_diamond", "3"], ["livecodebench", "2"], ["8", "questions"]]
    bank = QuestionBank.open(folder)
    assert bank.embedder.model == "mock-embedder"
    assert {item.dataset for item in bank.questions} == {"mbpp", "gpqa_diamond", "livecodebench"}


def test_bank_begins_with_the_starter_bank(tmp_path, data, pool, monkeypatch):
    monkeypatch.setenv("SMACS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "bank"
    run("bank", folder, "--benchmarks", "mbpp", "--data", data, "--start", "starter", "--pool", pool)
    starter = QuestionBank.starter()
    assert QuestionBank.open(folder).questions[: len(starter.questions)] == starter.questions
    assert QuestionBank.open(folder).llms == starter.llms


@pytest.mark.slow  # makes an index
def test_bank_lists_near_copies(tmp_path, data, pool):
    folder = tmp_path / "bank"
    lines = run("bank", folder, "--benchmarks", "mbpp", "--data", data, "--near", "0.01", "--pool", pool)
    count, said = lines[2].split(maxsplit=1)
    assert said == "bank questions have a cosine of at least 0.01 to a test question"
    assert len(lines[3:]) == 2 * int(count)
    assert {line.split()[1] for line in lines[3::2]} <= {"mbpp/512:", "mbpp/513:", "mbpp/514:"}
    assert {line.split()[0] for line in lines[4::2]} <= {"mbpp/11:", "mbpp/12:"}


def test_a_missing_benchmark_writes_nothing(tmp_path, data, pool):
    with pytest.raises(InputError, match=r"has no ifeval\.\*"):
        run("bank", tmp_path / "bank", "--benchmarks", "mbpp,ifeval", "--data", data, "--pool", pool)
    with pytest.raises(InputError, match="no benchmark 'mppb'; there are"):
        run("bank", tmp_path / "bank", "--benchmarks", "mppb", "--data", data, "--pool", pool)
    assert not (tmp_path / "bank").exists()
