"""`smacs serve` as a process: it answers, SIGTERM lets a request end, and what keeps it from starting is said."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smacs.cli.serve import bind, serve
from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from tests.server.conftest import LIMIT, QUESTION, pool_file
from tools.mock.process import MockServer

ASK = {"model": "llm-0", "messages": [QUESTION]}
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free: int = listener.getsockname()[1]
        return free


@pytest.fixture
def start(mock: MockServer, bank: QuestionBank, tmp_path: Path, port: int) -> Iterator[Start]:
    """Start `smacs serve` at the port; it is stopped at the end of the test. Its log is in `log`."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*options: str) -> "subprocess.Popen[bytes]":
        paths = ["--pool", str(pool_file(mock.url, tmp_path)), "--bank", str(bank.path), "--port", str(port)]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "smacs", "serve", *paths, *options], stderr=log)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smacs.server.app", None)
    with pytest.raises(InputError, match=r"pip install 'smacs\[serve\]'"):
        serve()


@pytest.mark.slow
async def test_sigterm_lets_a_request_end(
    start: Start, port: int, mock: MockServer, until: Callable[[Callable[[], bool]], Any], tmp_path: Path
) -> None:
    process = start()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LIMIT) as http:

        def is_up() -> bool:
            assert process.poll() is None, (tmp_path / "log").read_text()
            with suppress(httpx2.TransportError):
                return http.get("/health").is_success
            return False

        await until(is_up)
        mock.set("llm-0", text="Eight legs.", latency=1.0)
        with ThreadPoolExecutor(1) as threads:
            asking = threads.submit(http.post, "/v1/chat/completions", json=ASK)
            await until(lambda: mock.stats().of("llm-0").in_flight == 1)
            process.terminate()
            reply = asking.result()
    assert (reply.status_code, reply.json()["choices"][0]["message"]["content"]) == (200, "Eight legs.")
    assert process.wait(LIMIT) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_an_address_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=rf"Cannot listen at 127.0.0.1:{port}: .*in use. Choose another"):
            bind("127.0.0.1", port)


@pytest.mark.slow
def test_what_cannot_be_used_is_said_before_anything_starts(start: Start, tmp_path: Path) -> None:
    assert start("--keys", str(tmp_path / "none.json")).wait(LIMIT) == 2
    assert "error: " in (tmp_path / "log").read_text()
