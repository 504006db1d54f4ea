"""`smacs bench run` as a user types it, over real HTTP, and killed for real."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.bench.run import grading
from smacs.bench.run.folder import read_info, results_file
from smacs.bench.run.records import Result
from smacs.cli.bench import app
from smacs.errors import BankError, InputError, SmacsError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.graders import Grade, grade
from smacs.store.io.jsonl import encode_lines, read_jsonl
from smacs.store.records import Evaluation, Question
from tools.mock.process import MockServer

SYSTEMS = "smacs,majority_voting,llm:one"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(mock: MockServer, tmp_path: Path) -> Path:
    """Problems 0?, 1?, ... whose answers are 0, 1, 2, 3, 0, ...; both LLMs of the pool always say 2."""
    problems = [{"problem": f"{i}?", "answer": str(i % 4), "subject": "sums", "unique_id": f"p{i}"} for i in range(12)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "math500.jsonl").write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    spec = EmbedderSpec(kind="openai", model="mock", dimension=16)
    questions = [Question(id=f"b{i}", text=f"Bank {i}", label="1", task="math", dataset="math500") for i in range(6)]
    bank = QuestionBank.create(tmp_path / "bank", spec, questions)
    (bank.path / "evaluations").mkdir()
    for name, right in (("one", 5), ("two", 3)):
        cells = [Evaluation(question=f"b{i}", correct=float(i < right)) for i in range(6)]
        bank.evaluation_file(name).write_bytes(encode_lines(cells))
        mock.set(name, text="It is \\boxed{2}")
    llms = "".join(f'[llms.{name}]\nendpoint = "{mock.url}"\nretries = 0\nin_flight = 4\n' for name in ("one", "two"))
    embedder = f'[embedder]\nkind = "openai"\nmodel = "mock"\nendpoint = "{mock.url}"\n'
    (tmp_path / "pool.toml").write_text(f'aggregators = ["one"]\n[settings]\nmax_tokens = 32\nn = 3\n{embedder}{llms}')
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    def go(*options: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments(folder, *options), catch_exceptions=False)
        return result.exit_code, result.stdout, result.stderr

    return go


def arguments(folder: Path, *options: str) -> list[str]:
    given = {"--out": "out", "--pool": "pool.toml", "--bank": "bank", "--data": "data"}
    paths = [text for name, value in given.items() for text in (name, str(folder / value))]
    return ["run", *paths, "--benchmarks", "math500", *options]


def results(folder: Path, system: str) -> list[Result]:
    return list(read_jsonl(results_file(folder / "out", system, "math500"), Result))


def chat_requests(mock: MockServer) -> Counter[str]:
    asked = [received for received in mock.stats().received if "completions" in received.path]
    return Counter(json.dumps(received.json(), sort_keys=True) for received in asked)


@pytest.mark.slow
def test_every_system_answers_every_question_and_shares_what_is_the_same(
    run: Run, mock: MockServer, folder: Path
) -> None:
    code, out, _ = run("--systems", SYSTEMS)
    assert code == 0
    for system in SYSTEMS.split(","):
        found = results(folder, system)
        assert len({result.question for result in found}) == len(found) == 12
        assert sum(result.correct for result in found) == 3  # the answers of 2, 6 and 10 are 2
        assert all(result.answer == "2" for result in found)
        assert system in out
    # both LLMs once a question for all three systems, and SMACS's aggregator for each different subset (K = 2, drop 1)
    references = 12 * 2
    subsets = sum(len({tuple(c.subset) for c in result.candidates}) for result in results(folder, "smacs"))
    stats = mock.stats()
    assert stats.of("one").requests + stats.of("two").requests == references + subsets
    assert {r.calls for r in results(folder, "majority_voting")} == {2}  # counted as if asked anew


@pytest.mark.slow
def test_a_second_run_asks_nothing_and_may_add_systems(run: Run, mock: MockServer, folder: Path) -> None:
    run("--systems", "llm:one", "--limit", "4")
    asked = mock.stats().of("one").requests
    assert asked == 4
    assert run("--systems", "llm:one", "--limit", "4")[0] == 0
    assert mock.stats().of("one").requests == asked
    assert run("--systems", "llm:two", "--limit", "6")[0] == 0
    info = read_info(folder / "out")
    assert info.systems == ["llm:one", "llm:two"]
    assert info.benchmarks["math500"].questions == 6
    first, second = ({result.question for result in results(folder, f"llm:{name}")} for name in ("one", "two"))
    assert first < second  # a larger limit contains the smaller one


@pytest.mark.slow
def test_what_an_endpoint_did_not_answer_is_asked_again_and_is_no_wrong_answer(
    run: Run, mock: MockServer, folder: Path
) -> None:
    mock.set("one", text="It is \\boxed{2}", fault="500", calls=2)
    code, _, err = run("--systems", "llm:one", "--concurrency", "1")
    assert code == 1
    assert "2 answers are missing" in err
    assert len(results(folder, "llm:one")) == 10
    assert run("--systems", "llm:one")[0] == 0
    assert len(results(folder, "llm:one")) == 12


@pytest.mark.slow
def test_a_question_that_fits_no_window_is_wrong_and_the_others_go_on(run: Run, mock: MockServer, folder: Path) -> None:
    with (folder / "data" / "math500.jsonl").open("a") as file:
        file.write(json.dumps({"problem": "9" * 200_000, "answer": "2", "unique_id": "long"}) + "\n")
    assert run("--systems", "llm:one")[0] == 0
    found = {result.question: result for result in results(folder, "llm:one")}
    assert len(found) == 13
    assert "too long" in found["math500/long"].error
    assert found["math500/long"].correct == 0
    assert mock.stats().of("one").requests == 12


@pytest.mark.slow
def test_a_grader_that_breaks_costs_one_question(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fragile(question: Question, text: str) -> Grade:
        if question.id == "math500/p3":
            raise RuntimeError("the worker died")
        return grade(question, text)

    monkeypatch.setattr(grading, "grade", fragile)
    code, _, err = run("--systems", "llm:one")
    assert code == 1
    assert "math500/p3: RuntimeError: the worker died" in err
    assert len(results(folder, "llm:one")) == 11


@pytest.mark.slow
def test_another_seed_bank_or_setting_needs_another_folder(run: Run, folder: Path) -> None:
    run("--systems", "llm:one", "--limit", "2")
    with pytest.raises(InputError, match="another seed"):
        run("--systems", "llm:one", "--limit", "2", "--seed", "7")
    with pytest.raises(InputError, match="another settings"):
        run("--systems", "llm:one", "--limit", "2", "--k", "1")


def test_a_bank_that_holds_a_test_question_is_refused(run: Run, mock: MockServer, folder: Path) -> None:
    with (folder / "bank" / "questions.jsonl").open("ab") as file:
        file.write(encode_lines([Question(id="leak", text="  3? ", label="3", task="math", dataset="x")]))
    with pytest.raises(BankError, match="math500/p3"):
        run("--systems", "llm:one")
    assert mock.stats().total.requests == 0


def test_what_cannot_be_built_is_said_before_anything_is_asked(run: Run, mock: MockServer, folder: Path) -> None:
    for wrong, said in (
        ("moab", "expected one of"),
        ("llm:three", "three"),
        ("smacs[pool=two]", "aggregators are one"),
        ("smacs[pool=one+six]", "no LLM 'six'"),
        ("moa[lam=0]", "no setting 'lam'"),
    ):
        with pytest.raises(SmacsError, match=said):
            run("--systems", wrong)
    assert mock.stats().total.requests == 0
    assert not (folder / "out" / "run.json").exists()


@pytest.mark.slow
def test_kill_9_loses_nothing_and_nothing_is_asked_twice(run: Run, mock: MockServer, folder: Path) -> None:
    for name in ("one", "two"):
        mock.set(name, text="It is \\boxed{2}", latency=0.02)
    command = [sys.executable, "-m", "smacs", "bench", *arguments(folder, "--systems", SYSTEMS, "--concurrency", "2")]
    for wanted in (3, 12):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
        while process.poll() is None and done(folder) < wanted:
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -9
        assert wanted <= done(folder) < 36
    assert run("--systems", SYSTEMS)[0] == 0
    for system in SYSTEMS.split(","):
        assert len({result.question for result in results(folder, system)}) == len(results(folder, system)) == 12
    twice = [body for body, count in chat_requests(mock).items() if count > 1]
    assert len(twice) <= 2 * 8  # what was in flight at each kill: 4 slots of each of the two LLMs


def done(folder: Path) -> int:
    return sum(len(results(folder, system)) for system in SYSTEMS.split(","))
