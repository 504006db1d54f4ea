"""`smacs ask` with real parts only: SmolLM2 on llama.cpp, the starter bank, the embedder; and how it ends."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from smacs.pool.pool import find_pool

pytestmark = pytest.mark.slow

LIMIT = 300.0
POLL = 0.1
MARK = "SMACS_TEST"
SMOLLM = "smollm2-135m"
SMACS = [sys.executable, "-m", "smacs"]
QUESTION = "What is the capital of France?"
ENDLESS = "extra_body = { ignore_eos = true }"


@dataclass(frozen=True)
class Ask:
    """A `smacs ask` under way. Every process that it starts, and that those start, inherits its mark."""

    process: "subprocess.Popen[bytes]"
    mark: str
    out: Path
    err: Path

    def wait_for(self, happened: Callable[[], bool]) -> None:
        """Wait for something that happens before it ends."""
        limit = time.monotonic() + LIMIT
        while not happened():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(POLL)
            if self.process.returncode is not None or time.monotonic() > limit:
                pytest.fail(f"ended with {self.process.returncode} or late:\n{self.err.read_text()}")

    def is_asking(self) -> bool:
        """Whether it has a connection: nothing else of it uses any once the servers are up."""
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return any(connection.status == psutil.CONN_ESTABLISHED for connection in connections)

    def marked(self) -> list[psutil.Process]:
        """The processes alive that are its own."""
        return [process for process in psutil.process_iter() if is_marked(process, self.mark)]

    def assert_nothing_is_left(self) -> None:
        """None of its own is alive, or ends within some seconds, which what was not told to end is given."""
        limit = time.monotonic() + 30
        while (left := self.marked()) and time.monotonic() < limit:
            psutil.wait_procs(left, timeout=POLL)
        assert [process.cmdline() for process in left] == []


def is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):  # somebody else's, or gone
        return False


def default_interrupt() -> None:
    """Whoever is started in the background is deaf to SIGINT, and so are its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def weights() -> None:
    """SmolLM2 in the cache folder."""
    subprocess.run([*SMACS, "models", "pull", SMOLLM], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def start_ask(weights: None, tmp_path: Path) -> Iterator[Callable[..., Ask]]:
    """Start `smacs ask` with SmolLM2 under two names; `extra` is a line of TOML for both."""
    started: list[Ask] = []

    def start(*options: str, extra: str = "") -> Ask:
        pool = tmp_path / "pool.toml"
        pool.write_text(pool_file(extra))
        mark = uuid.uuid4().hex
        out, err = tmp_path / "out", tmp_path / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*SMACS, "ask", QUESTION, "--pool", str(pool), *options],
                cwd=tmp_path,
                env=os.environ | {MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                preexec_fn=default_interrupt,
            )
        started.append(Ask(process, mark, out, err))
        return started[-1]

    yield start
    for ask in started:
        for process in ask.marked():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        ask.process.wait()


def pool_file(extra: str) -> str:
    """A pool of small-a and small-b, both with the tables of SmolLM2 in the pool that ships with SMACS."""
    tables = re.split(r"^(?=\[)", find_pool("local").read_text("utf-8"), flags=re.MULTILINE)
    first, *others = [table for table in tables if table.startswith(f'[llms."{SMOLLM}"')]
    own = "".join([first, f"{extra}\n", *others])
    head = 'aggregators = ["small-a"]\n[settings]\nk = 2\nn = 2\nmax_tokens = 32\n'
    return head + own.replace(f'"{SMOLLM}"', "small-a") + own.replace(f'"{SMOLLM}"', "small-b")


def test_a_question_is_answered(start_ask: Callable[..., Ask]) -> None:
    ask = start_ask("--json", "--seed", "1")
    code = ask.process.wait(LIMIT)
    assert code == 0, ask.err.read_text()
    result = json.loads(ask.out.read_text())
    assert result["answer"].strip()
    assert sorted((record["llm"], record["error"]) for record in result["references"]) == [
        ("small-a", None),
        ("small-b", None),
    ]
    perplexities = [candidate["perplexity"] for candidate in result["candidates"]]
    assert len(perplexities) == 2
    assert all(1 <= perplexity < math.inf for perplexity in perplexities)
    assert all(0 < record["tokens"] <= 32 for record in result["references"])
    assert [(reason["kind"], reason["llm"]) for reason in result["degraded"]] == [
        ("llm_unknown", "small-a"),
        ("llm_unknown", "small-b"),
    ]
    ask.assert_nothing_is_left()


@pytest.mark.parametrize(("death", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_nothing_is_left_of_it_when_it_is_ended(
    start_ask: Callable[..., Ask], death: signal.Signals, code: int
) -> None:
    ask = start_ask("--max-tokens", "3000", extra=ENDLESS)
    ask.wait_for(lambda: "prior" in ask.err.read_text())
    ask.wait_for(ask.is_asking)
    assert sum("smacs.pool.launch.engines.llamacpp_server" in process.cmdline() for process in ask.marked()) == 2
    ask.process.send_signal(death)
    assert ask.process.wait(LIMIT) == code
    ask.assert_nothing_is_left()
    assert ask.out.read_text() == ""
    assert "Traceback" not in ask.err.read_text()
