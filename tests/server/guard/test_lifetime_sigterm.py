"""`smacs serve` and SIGTERM: what runs is answered, what comes is refused, and the process ends in time."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smacs.store.bank import QuestionBank
from tests.server.conftest import LLMS, QUESTION
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

LIMIT = 180.0
ASK = {"model": "smacs", "messages": [QUESTION]}


class Process:
    """`smacs serve` on a free port."""

    def __init__(self, pool: Path, bank: Path, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "smacs",
            "serve",
            "--pool",
            str(pool),
            "--bank",
            str(bank),
            "--port",
            str(port),
        ]
        self.process = subprocess.Popen(command, env=os.environ | environment)
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LIMIT)

    def wait_until_up(self) -> None:
        limit = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < limit:
            with suppress(httpx2.TransportError):
                if self.http.get("/health").is_success:
                    return
        pytest.fail(f"smacs serve is not up (exit {self.process.poll()})")

    def ask(self) -> httpx2.Response:
        return self.http.post("/v1/chat/completions", json=ASK)


@pytest.fixture
def serve(mock: MockServer, bank: QuestionBank, tmp_path: Path) -> Iterator[Any]:
    """A function that starts a server with these settings."""
    llms = "\n".join(f'[llms.{name}]\nendpoint = "{mock.url}"\nretries = 0' for name in LLMS)
    table = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock.url}"'
    (tmp_path / "pool.toml").write_text(f'aggregators = ["llm-3"]\n[settings]\nn = 3\n{llms}\n{table}\n')
    started: list[Process] = []

    def start(**environment: str) -> Process:
        started.append(server := Process(tmp_path / "pool.toml", bank.path, **environment))
        server.wait_until_up()
        return server

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()
        server.http.close()


def begin(server: Process, mock: MockServer, threads: ThreadPoolExecutor) -> Any:
    """A question whose LLMs are at work on it, and then SIGTERM."""
    answer = threads.submit(server.ask)
    while mock.stats().of("llm-0").requests == 0:
        assert not answer.done()
    server.process.send_signal(signal.SIGTERM)
    return answer


def test_what_runs_is_answered_and_what_comes_is_refused(serve: Any, mock: MockServer) -> None:
    for llm in LLMS:
        mock.set(llm, latency=2.0, text="Eight.")
    server = serve()
    with ThreadPoolExecutor(1) as threads:
        answer = begin(server, mock, threads)
        while (ready := server.http.get("/health/ready")).json()["status"] == "ready":
            pass
        late = server.ask()
        assert (ready.status_code, late.status_code, late.headers["retry-after"]) == (503, 503, "2")
        assert server.http.get("/health").status_code == 200
        assert answer.result().json()["choices"][0]["message"]["content"] == "Eight."
    assert server.process.wait(30) == 0


def test_what_is_not_done_within_the_grace_period_is_cut_off(serve: Any, mock: MockServer) -> None:
    for llm in LLMS:
        mock.set(llm, fault="hang")
    server = serve(SMACS_SERVER_GRACE="0.5")
    with ThreadPoolExecutor(1) as threads:
        cut = begin(server, mock, threads).result()
    assert (cut.status_code, cut.json()["error"]["code"]) == (503, "server_stopping")
    assert server.process.wait(30) == 0


def test_a_second_sigterm_does_not_wait(serve: Any, mock: MockServer) -> None:
    for llm in LLMS:
        mock.set(llm, fault="hang")
    server = serve(SMACS_SERVER_GRACE="3600")
    with ThreadPoolExecutor(1) as threads:
        answer = begin(server, mock, threads)
        while server.http.get("/health/ready").json()["status"] == "ready":
            pass
        server.process.send_signal(signal.SIGTERM)
        assert answer.result().status_code == 503
    assert server.process.wait(60) == 0
