"""`smacs serve` as a process of its own, as an operator runs it, and what can be seen of it from outside."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx2
import psutil

START = 180.0  # seconds until it must answer
STOP = 60.0  # seconds until it must have ended


class ServedSmacs:
    """The pool `pool.toml` and the bank `bank` of a folder behind a free port of 127.0.0.1; its log is `serve.log`.

    `environment` is added to this process's own. `url` is that of the server, without /v1.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.log = folder / "serve.log"
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        paths = ["--pool", str(folder / "pool.toml"), "--bank", str(folder / "bank"), "--port", str(port)]
        self._command = [sys.executable, "-m", "smacs", "serve", *paths]
        self._environment = os.environ | environment
        self.process: subprocess.Popen[bytes]
        self.seen: psutil.Process

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        self.seen = psutil.Process(self.process.pid)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP)
        self.process.kill()
        self.process.wait()

    @property
    def cpu_seconds(self) -> float:
        """CPU that it has taken so far."""
        times = self.seen.cpu_times()
        return float(times.user + times.system)

    @property
    def connections(self) -> int:
        """Open connections, to clients and to LLMs."""
        return sum(bool(connection.raddr) for connection in self.seen.net_connections("inet"))

    def _wait(self) -> None:
        limit = time.monotonic() + START
        with httpx2.Client(base_url=self.url, trust_env=False) as http:
            while self.process.poll() is None and time.monotonic() < limit:
                with suppress(httpx2.TransportError):
                    if http.get("/health").is_success:
                        return
                time.sleep(0.05)
        raise RuntimeError(f"smacs serve is not up (exit {self.process.poll()}): {self.log.read_text()[-2000:]}")


def free_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
