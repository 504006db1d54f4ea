"""The real `langgraph dev` as a process of its own, and what can be asked of it over HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

ROOT = Path(__file__).parents[2]
START_LIMIT = 180.0
RUN_LIMIT = 300.0
POLL = 0.1
COMMAND = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--n-jobs-per-worker", "10"]


@dataclass(frozen=True)
class Dev:
    """A development server."""

    http: httpx2.Client
    log: Path
    pool: str
    bank: str

    def wait(self, question: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """The end of a run: its output, or `__error__`."""
        result: dict[str, Any] = self._run("wait", question, fields).json()
        return result

    def events(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """The custom events of a run, in the order they came."""
        kind, events = "", []
        for line in self._run("stream", question, {"stream_mode": ["custom"]}).text.splitlines():
            field, _, value = line.partition(": ")
            if field == "event":
                kind = value
            elif field == "data" and kind == "custom":
                events.append(json.loads(value))
        return events

    def _run(self, how: str, question: dict[str, Any], fields: dict[str, Any]) -> httpx2.Response:
        body = {"assistant_id": "smacs", "input": question, **fields}
        return self.http.post(f"/runs/{how}", json=body).raise_for_status()


@contextmanager
def langgraph_dev(folder: Path, **environment: str) -> Iterator[Dev]:
    """A server in links to the repository: it leaves its own files in the folder it is started in."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SMACS_", "LANGSMITH_"))}
    with (folder / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "--port", str(port)],
            cwd=folder,
            env=own | environment | {"LANGGRAPH_CLI_NO_ANALYTICS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=RUN_LIMIT) as http:
                wait_until_up(process, http, folder / "dev.log")
                yield Dev(
                    http, folder / "dev.log", environment.get("SMACS_POOL", ""), environment.get("SMACS_BANK", "")
                )
        finally:
            stop(process)


def wait_until_up(process: "subprocess.Popen[bytes]", http: httpx2.Client, log: Path) -> None:
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit and process.poll() is None:
        with suppress(httpx2.TransportError):
            if http.get("/ok", timeout=5).status_code in (200, 401):  # 401: it is up, and wants a key
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL)
    pytest.fail(f"langgraph dev is not up (exit {process.poll()}):\n{log.read_text()[-4000:]}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.wait()
