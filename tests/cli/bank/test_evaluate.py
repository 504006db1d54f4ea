"""`smacs bank evaluate` as a user types it, over real HTTP, and killed for real."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.cli.bank.evaluation import evaluation_progress, progress_text
from smacs.errors import InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import EvaluationSummary
from smacs.store.records import Question
from tools.mock.process import MockServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(mock: MockServer, tmp_path: Path) -> Run:
    """Run `smacs bank evaluate ...` on a bank of 60 sums and 4 recorded questions with a pool of two LLMs."""
    sums = [
        Question(
            id=f"q{i}",
            text=f"{i}?",
            label=str(i % 4),
            task="math",
            grader="number",
            dataset="sums",
            subject=f"s{i % 2}",
        )
        for i in range(60)
    ]
    recorded = [Question(id=f"r{i}", text=f"Recorded {i}", dataset="recorded") for i in range(4)]
    QuestionBank.create(tmp_path / "bank", EmbedderSpec(kind="openai", model="mock", dimension=16), [*sums, *recorded])
    pool = 'aggregators = ["one"]\n[settings]\nmax_tokens = 32\n'
    for name in ("one", "two"):
        pool += f'[llms.{name}]\nendpoint = "{mock.url}"\nretries = 0\nin_flight = 4\n'
        mock.set(name, text="2")
    (tmp_path / "pool.toml").write_text(pool)

    def go(*options: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments(tmp_path, *options), catch_exceptions=False)
        return result.exit_code, result.stdout, result.stderr

    return go


def arguments(folder: Path, *options: str) -> list[str]:
    return ["evaluate", "--bank", str(folder / "bank"), "--pool", str(folder / "pool.toml"), *options]


def cells(folder: Path, llm: str) -> int:
    return len(QuestionBank.open(folder / "bank").evaluations(llm))


def row_of(out: str, llm: str) -> list[str]:
    """The cells of a table's row."""
    [row] = [words for line in out.splitlines() if (words := line.split())[:1] == [llm]]
    return row[1:]


def test_a_dry_run_asks_nothing(run: Run, mock: MockServer, tmp_path: Path) -> None:
    code, out, _ = run("--dry-run")
    assert code == 0
    first = row_of(out, "one")
    assert first[:3] == ["60", "0/64", "4"]
    assert first[4:] == ["-", "1,920", "-"]  # 60 replies of at most 32 tokens
    assert mock.stats().total.requests == 0
    run("--llm", "one", "--limit", "20")
    done = cells(tmp_path, "one")
    assert 15 <= done <= 20  # of 64 at most 4 are without a grader
    again = row_of(run("--dry-run")[1], "one")
    assert again[:3] == [str(60 - done), f"{done}/64", "4"]
    assert again[4] == str(60 - done)  # a token each so far


def test_what_is_asked_is_chosen(run: Run, mock: MockServer, tmp_path: Path) -> None:
    code, _, err = run("--llm", "one", "--dataset", "sums", "--subject", "s1", "--limit", "10")
    assert code == 0
    assert cells(tmp_path, "one") == 10
    assert "10 of 10" in err
    with pytest.raises(InputError, match="no data set 'sum'"):
        run("--dataset", "sum")
    code, _, err = run("--llm", "one")
    assert code == 0
    assert "one: 4 questions not asked: there is no grader for them" in err
    assert mock.stats().total.requests == 60


def test_failures_are_listed_written_to_a_file_and_asked_again(run: Run, mock: MockServer, tmp_path: Path) -> None:
    mock.set("one", text="2", fault="503", calls=3)
    file = tmp_path / "failures.jsonl"
    code, _, err = run("--failures", str(file))
    assert code == 1
    assert "one: 3 overloaded, such as question" in err
    assert "They are no wrong answers: run the same command again" in err
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["llm"], line["kind"]) for line in lines] == [("one", "overloaded")] * 3
    assert all("HTTP 503" in line["message"] for line in lines)
    missing = {question.id for question in QuestionBank.open(tmp_path / "bank").questions if question.grader}
    missing -= {cell.question for cell in QuestionBank.open(tmp_path / "bank").evaluations("one")}
    assert {line["question"] for line in lines} == missing
    before = mock.stats().total.requests
    assert run("--failures", str(file))[0] == 0
    assert file.read_text() == ""
    assert mock.stats().total.requests == before + 3
    with pytest.raises(InputError, match="--failures"):
        run("--failures", str(tmp_path / "none" / "file"))


def test_a_dead_endpoint_is_said_and_the_other_llm_goes_on(run: Run, mock: MockServer, tmp_path: Path) -> None:
    mock.set("one", fault="refuse")
    code, _, err = run()
    assert code == 1
    assert "one: stopped after 50 failed calls in a row: one at http" in err
    assert (cells(tmp_path, "one"), cells(tmp_path, "two")) == (0, 60)


def test_there_and_back_through_batch_files(run: Run, mock: MockServer, tmp_path: Path) -> None:
    code, out, _ = run("--export-batch", str(tmp_path / "b.jsonl"))
    assert code == 0
    assert f"{tmp_path / 'b-one.jsonl'}: 60 requests to one" in out
    results = tmp_path / "results.jsonl"
    lines: list[dict[str, Any]] = []
    for name in ("one", "two"):
        requests = [json.loads(line) for line in (tmp_path / f"b-{name}.jsonl").read_text().splitlines()]
        for request in requests:  # a batch engine
            body = mock.client.post(request["url"], json=request["body"]).json()
            response = {"status_code": 200, "request_id": "r", "body": body}
            lines.append({"id": "x", "custom_id": request["custom_id"], "response": response, "error": None})
    lines[7] |= {"response": None, "error": {"code": "batch_expired", "message": "too late"}}
    results.write_text("".join(json.dumps(line) + "\n" for line in lines) + "half a li")
    code, out, err = run("--import-batch", str(results))
    assert code == 1
    assert "121 results: 119 new, 0 known, 1 not for this bank" in out
    assert "results.jsonl, line 121: not JSON" in err
    assert "one: 1 late, such as question" in err
    assert "too late" in err
    assert (cells(tmp_path, "one"), cells(tmp_path, "two")) == (59, 60)
    code, out, _ = run("--import-batch", str(results), "--llm", "two")
    assert "121 results: 0 new, 60 known, 61 not for this bank" in out
    sent = mock.stats().total.requests
    assert run()[0] == 0  # asks the one that failed
    assert mock.stats().total.requests == sent + 1
    assert run("--export-batch", str(tmp_path / "c.jsonl"))[:2] == (0, "Nothing is missing: no file was written.\n")


def test_options_that_do_not_go_together(run: Run) -> None:
    with pytest.raises(InputError, match="Expected one of --dry-run"):
        run("--dry-run", "--export-batch", "x")
    with pytest.raises(InputError, match="leave out --dataset"):
        run("--import-batch", "x", "--limit", "3")


def test_the_bar_shows_rate_accuracy_tokens_time_left_and_failures() -> None:
    # 300 of 400 right: p = 0.75, Wilson's interval is 70.5 to 79.0; 200 asked in 50 s, 600 left: 150 s
    summary = EvaluationSummary("one", total=1000, done=400, correct=300.0, asked=200, tokens=12345, seconds=50.0)
    assert progress_text(summary) == "75.0 % correct (70.5 - 79.0), 240/min, 12,345 tokens, 0:02:30 left"
    assert progress_text(EvaluationSummary("one", total=10, done=0, correct=0.0)) == "nothing graded, 0/min, 0 tokens"


@pytest.mark.parametrize(("terminal", "count"), [(True, "50/100"), (False, "50 of 100")])
def test_a_terminal_gets_bars_and_a_log_gets_lines(monkeypatch: pytest.MonkeyPatch, terminal: bool, count: str) -> None:
    summary = EvaluationSummary("one[a]", total=100, done=50, correct=25.0, asked=50, tokens=500, seconds=10.0)
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=140)
    monkeypatch.setattr("smacs.cli.bank.evaluation.Console", lambda **_: console)
    with evaluation_progress() as show:
        show(summary)
    for text in ("one[a]", count, "50.0 % correct (36.6 - 63.4), 300/min, 500 tokens, 0:00:10 left"):
        assert text in out.getvalue()


@pytest.mark.slow
def test_the_command_survives_kill_9_and_ctrl_c(run: Run, mock: MockServer, tmp_path: Path) -> None:
    file = QuestionBank.open(tmp_path / "bank").evaluation_file("one")
    mock.set("*", text="2", latency=0.05)
    for sent, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        before = cells(tmp_path, "one")
        command = [sys.executable, "-m", "smacs", "bank", *arguments(tmp_path, "--llm", "one")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
        while process.poll() is None and cells(tmp_path, "one") < before + 8:
            pass
        process.send_signal(sent)
        _, err = process.communicate()
        assert process.returncode == code
        assert b"Traceback" not in err
        assert before + 8 <= cells(tmp_path, "one") < 60
    mock.set("one", text="2")
    assert run("--llm", "one")[0] == 0
    lines = [msgspec.json.decode(line)["question"] for line in file.read_bytes().splitlines()]
    assert sorted(lines) == sorted(f"q{i}" for i in range(60))
    # each interruption may cost what was in flight (4), waited to be graded (8) or was being written (8)
    assert mock.stats().of("one").requests <= 60 + 2 * 20
