"""The example task under Inspect's own command line and from Python; what counts is what Inspect's logs say."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("inspect_ai") is None, reason="the extra `inspect` is not installed"),
]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "inspect_eval.py"
MODEL = "inspect eval task.py --model smacs/smacs -M pool=pool.toml -M bank=my-bank"
LABELS = {"What is 1 + 1?": "2", "What is 4 - 2?": "2", "What is 6 / 3?": "2", "What is 2 + 3?": "5"}
ANSWER = "It is even. The answer is 2"  # right three times out of four


@pytest.fixture
def folder(tmp_path: Path, mock: MockServer, bank: QuestionBank) -> Path:
    """Somebody's folder with the example as `task.py` and `test.py`, questions, a pool of three LLMs and a bank."""
    for number in range(3):
        mock.set(f"llm-{number}", text=ANSWER)
    llms = "".join(f'[llms.llm-{number}]\nendpoint = "{mock.url}"\n' for number in range(3))
    embedder = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock.url}"\ndimension = 16\n'
    (tmp_path / "pool.toml").write_text(f'aggregators = ["llm-0"]\n{embedder}{llms}')
    (tmp_path / "my-bank").symlink_to(bank.path)
    for name in ("task.py", "test.py"):
        (tmp_path / name).write_text(EXAMPLE.read_text())
    questions = [{"id": str(i), "text": text, "label": label} for i, (text, label) in enumerate(LABELS.items())]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))
    return tmp_path


def run(command: str, folder: Path) -> str:
    """What a command in the folder prints; it must end well."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "INSPECT_DISPLAY": "none", "XDG_DATA_HOME": str(folder / "data")}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def logs(folder: Path) -> list[Any]:
    from inspect_ai.log import read_eval_log  # takes a second

    return [read_eval_log(path) for path in sorted((folder / "logs").rglob("*.eval"))]


def accuracy(log: Any) -> float:
    assert log.status == "success", log.error
    return float(log.results.scores[0].metrics["accuracy"].value)


def test_a_system_as_a_model_from_inspects_command_line(folder: Path, mock: MockServer) -> None:
    run(f"{MODEL} -T questions=questions.jsonl", folder)
    (log,) = logs(folder)
    assert log.eval.model == "smacs/smacs"
    assert accuracy(log) == 0.75
    assert {sample.input: sample.scores["match"].value for sample in log.samples} == {
        text: "C" if label == "2" else "I" for text, label in LABELS.items()
    }
    traces = [sample.output.metadata["smacs"] for sample in log.samples]
    assert all(list(trace["priors"]) == ["llm-0", "llm-1", "llm-2"] for trace in traces)  # as good as in the bank
    assert [trace["degraded"] for trace in traces] == [[]] * 4
    chats: list[Any] = [seen.json() for seen in mock.stats().received if seen.path.endswith("completions")]
    usage = log.stats.model_usage["smacs/smacs"]
    assert usage.output_tokens == sum(chat.get("n", 1) for chat in chats) * len(ANSWER.split())
    assert sum(trace["usage"]["calls"] for trace in traces) == len(chats)


def test_a_system_as_a_solver_from_inspects_command_line(folder: Path) -> None:
    run(
        f"inspect eval task.py -T questions={folder}/questions.jsonl --solver smacs/smacs_solver "
        f"-S pool={folder}/pool.toml -S bank={folder}/my-bank -S k=2",
        folder,
    )
    (log,) = logs(folder)
    assert accuracy(log) == 0.75
    assert list(log.stats.model_usage) == ["smacs/smacs"]
    for sample in log.samples:
        assert sample.messages[-1].text == ANSWER
        assert len(sample.store["smacs"]["references"]) == 2


def test_a_sample_that_nobody_answers_has_inspects_error(folder: Path, mock: MockServer) -> None:
    for number in range(3):
        mock.set(f"llm-{number}", fault="500")
    run(f"{MODEL} --no-fail-on-error --limit 2", folder)
    (log,) = logs(folder)
    assert ["No LLM answered." in sample.error.message for sample in log.samples] == [True, True]


def test_the_example_runs_by_itself_and_compares_systems(folder: Path) -> None:
    said = run("python task.py smacs llm:llm-1 --pool pool.toml --bank my-bank --questions questions.jsonl", folder)
    lines = [line for line in said.splitlines() if line.startswith("smacs/")]
    assert [line.partition(", ")[0] for line in lines] == [
        "smacs/smacs: 75.0% of 4 right",
        "smacs/llm:llm-1: 75.0% of 4 right",
    ]
    assert {log.eval.model for log in logs(folder)} == {"smacs/smacs", "smacs/llm:llm-1"}


def test_the_commands_of_the_documentation(folder: Path) -> None:
    text = (ROOT / "docs" / "inspect.md").read_text()
    commands = [line for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    for command in commands:
        run(command.replace("/path/to", str(folder)), folder)
    assert len(logs(folder)) == sum(line.count("smacs/") for line in commands)
    new = QuestionBank.open(folder / "new-bank")
    assert new.llms == ["llm-0", "llm-1"]
    assert len(new.questions) == 5
