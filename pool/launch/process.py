"""LLM servers as child processes: what each one runs (`Job`), how it starts, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from smacs.errors import ServerError
from smacs.paths import home
from smacs.pool.launch.lifeline import RELEASE
from smacs.progress import Progress

HOST = "127.0.0.1"
STOP_GRACE = 5.0
_HEALTH_TIMEOUT = 2.0
_LOG_LIMIT = 4 << 20
_LAST_LINES = 8
_TAIL = 16_384  # bytes
_POLL = 0.05
_REPORT = 15.0  # seconds between two reports on a server that loads
_STAMP = re.compile(r"^[\d.]+ ", re.MULTILINE)


def server_name(llm: str, copy: int) -> str:
    """The name of the `copy`-th server of an LLM, counted from 0."""
    return llm if copy == 0 else f"{llm}#{copy + 1}"


@dataclass(frozen=True, slots=True)
class Job:
    """A server to be run, the `copy`-th one of an LLM counted from 0: all that starting it takes, also again.

    `weights` names what it serves, `alias` is what clients call it. `environment` is added to this process's own,
    `gpus` are those it computes on. Loading may take `ready` seconds; `remedy` is what to do when it does not start.
    """

    llm: str
    copy: int
    alias: str
    weights: str
    port: int
    command: tuple[str, ...]
    ready: float
    remedy: str
    environment: dict[str, str] = field(default_factory=dict)
    gpus: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The server's own name."""
        return server_name(self.llm, self.copy)

    @property
    def url(self) -> str:
        """Base URL for OpenAI clients."""
        return f"http://{HOST}:{self.port}/v1"


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
            stream.seek(max(self._log_start, stream.seek(0, os.SEEK_END) - _TAIL))
            said = stream.read().decode("utf-8", "replace").splitlines()
        return [_STAMP.sub("", line) for line in said if line.strip()][-lines:]

    def describe_failure(self, what: str) -> str:
        """What to tell the user: the last lines of the log, where the rest is, what to do."""
        said = "\n".join(f"    {line}" for line in self.last_words(_LAST_LINES)) or "    (it said nothing)"
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


def start(jobs: Sequence[Job], progress: Progress) -> dict[str, ServerProcess]:
    """Server name -> server, once all of them serve.

    All are started at once, but for those that share a GPU: vLLM measures the free memory while it starts.

    Raises:
        ServerError: a server does not start. None is left running then.
    """
    started: dict[str, ServerProcess] = {}
    loading: list[_Loading] = []
    waiting = list(jobs)
    try:
        while waiting or loading:
            for job in _startable(waiting, loading):
                started[job.name] = ServerProcess(job)
                progress(f"starting {job.name}")
                loading.append(_Loading(started[job.name], progress))
                waiting.remove(job)
            loading = [each for each in loading if not each.done()]
            time.sleep(_POLL)
    except BaseException:
        stop_all(started.values())
        raise
    return started


def _startable(waiting: Sequence[Job], loading: Sequence["_Loading"]) -> list[Job]:
    """Those whose GPUs are not used by a server that is loading, or waiting before them."""
    used = {gpu for each in loading for gpu in each.server.job.gpus}
    found = []
    for job in waiting:
        if used.isdisjoint(job.gpus):
            found.append(job)
        used.update(job.gpus)
    return found


class _Loading:
    """A server that is not ready yet."""

    def __init__(self, server: ServerProcess, progress: Progress) -> None:
        self.server = server
        self._progress = progress
        self._begin = self._told = time.monotonic()

    def done(self) -> bool:
        """Whether it serves. Raises ServerError when it died, or is too slow."""
        name, now = self.server.job.name, time.monotonic()
        if self.server.ready():
            self._progress(f"{name} is up after {now - self._begin:.1f} s")
            return True
        if now - self._begin > self.server.job.ready:
            raise ServerError(self.server.describe_failure(f"was not ready within {self.server.job.ready:.0f} s"))
        if now - self._told > _REPORT:
            self._told = now
            said = "".join(self.server.last_words(1))[:120]
            self._progress(f"{name} is loading, {now - self._begin:.0f} s: {said}")
        return False


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
    from http.client import HTTPConnection, HTTPException  # the pool file's schema needs this module, and not that

    connection = HTTPConnection(HOST, port, timeout=_HEALTH_TIMEOUT)
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
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            os.truncate(path, 0)
        return path.open("ab")
    except OSError as error:
        raise ServerError(
            f"The log {path} cannot be written: {error.strerror}; set SMACS_HOME to another folder."
        ) from error


def is_taken(port: int) -> bool:
    """Whether somebody listens there already."""
    try:
        with socket.create_server((HOST, port)):
            return False
    except OSError:
        return True
