"""One LLM server as a child process, from its start to its end."""

import os
import re
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from smacs.errors import ServerError
from smacs.paths import home
from smacs.pool.launch.job import Job
from smacs.pool.launch.lifeline import RELEASE
from smacs.pool.launch.ports import HOST, is_taken

HEALTH_TIMEOUT = 2.0
STOP_GRACE = 5.0
LOG_LIMIT = 4 << 20
LAST_LINES = 8
TAIL = 16_384  # bytes
_STAMP = re.compile(r"^[\d.]+ ", re.MULTILINE)


class ServerProcess:
    """A server, alive until `stop`, or until this process ends unless it was `release`d.

    It leads a session and a group of its own, so that Ctrl-C is for us alone and its workers end with it.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.log = log_path(job.name)
        if is_taken(job.port):
            raise ServerError(f"The server of {job.name} couldn't bind port {job.port}: another process listens there.")
        with open_log(self.log) as stream:
            self._log_start = stream.tell()
            self._process = subprocess.Popen(
                job.command,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                bufsize=0,
                start_new_session=True,
                env={**os.environ, **job.environment},
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ready(self) -> bool:
        """Whether it serves by now. Raises ServerError when it died instead."""
        if self._process.poll() is not None:
            raise ServerError(self.describe_failure(f"stopped while starting (exit {self._process.returncode})"))
        return is_healthy(self.job.port)

    def is_over(self) -> bool:
        """Whether it has ended; the process is then reaped."""
        return self._process.poll() is not None

    def last_words(self, lines: int) -> list[str]:
        """The last lines of its log, not of an earlier server's."""
        with self.log.open("rb") as stream:
            stream.seek(max(self._log_start, stream.seek(0, os.SEEK_END) - TAIL))
            said = stream.read().decode("utf-8", "replace").splitlines()
        return [_STAMP.sub("", line) for line in said if line.strip()][-lines:]

    def describe_failure(self, what: str) -> str:
        """What to tell the user: the last lines of the log, where the rest is, what to do."""
        said = "\n".join(f"    {line}" for line in self.last_words(LAST_LINES)) or "    (it said nothing)"
        killed = self._process.returncode == -signal.SIGKILL
        remedy = "It was killed, most likely for want of memory: ask for less under `launch` in the pool file."
        return f"The server of {self.job.name} {what}. The end of {self.log}:\n{said}\n" + (
            remedy if killed else self.job.remedy
        )

    def release(self) -> None:
        """Let it go on when this process ends."""
        assert self._process.stdin
        with suppress(BrokenPipeError):  # it has died since
            self._process.stdin.write(RELEASE)
        self._process.stdin.close()

    def terminate(self) -> None:
        """Ask it to end; `stop` waits for it."""
        self._process.terminate()

    def stop(self) -> None:
        """End it and its workers, and wait until it is gone."""
        self._process.terminate()
        try:
            self._process.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        kill_group(self.pid)
        if self._process.stdin:
            self._process.stdin.close()


def stop_all(servers: Iterable[ServerProcess]) -> None:
    """End them together."""
    servers = list(servers)
    for server in servers:
        server.terminate()
    for server in servers:
        server.stop()


def kill_group(leader: int) -> None:
    """Kill what is left of the process group of a server."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def is_healthy(port: int) -> bool:
    """Whether a server on this loopback port is done loading."""
    connection = HTTPConnection(HOST, port, timeout=HEALTH_TIMEOUT)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def safe_name(llm: str) -> str:
    """A file name for an LLM: its name may hold `/`, `:` and the like."""
    return quote(llm, safe=" ")


def log_path(server: str) -> Path:
    """The log of a server."""
    return home() / "logs" / f"{safe_name(server)}.log"


def open_log(path: Path) -> BinaryIO:
    """Open for appending; what has grown too long is emptied first. Raises ServerError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            os.truncate(path, 0)
        return path.open("ab")
    except OSError as error:
        raise ServerError(
            f"The log {path} cannot be written: {error.strerror}; set SMACS_HOME to another folder."
        ) from error
