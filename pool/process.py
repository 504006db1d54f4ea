"""One LLM server as a child process, from its start to its end."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from smacs.pool.config import Launch, LLMSpec
from smacs.pool.errors import ServerError
from smacs.pool.home import home

HEALTH_TIMEOUT = 2.0
STOP_GRACE = 5.0
LOG_LIMIT = 4 << 20
LAST_LINES = 8
_STAMP = re.compile(r"^[\d.]+ ", re.MULTILINE)


class ServerProcess:
    """A llama.cpp server, alive until `stop`, or until this process ends unless it was `release`d."""

    def __init__(self, llm: str, spec: LLMSpec, model: Path) -> None:
        assert spec.launch
        self.llm = llm
        self.port: int | None = None
        self.log = log_path(llm)
        with _open_log(self.log) as stream:
            self._log_start = stream.tell()
            self._process = subprocess.Popen(
                _command(spec.model or llm, spec, spec.launch, model),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for us; the lifeline ends it when we end
            )
        assert self._process.stdout
        os.set_blocking(self._process.stdout.fileno(), False)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Base URL for OpenAI clients, once it is `ready`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def ready(self) -> bool:
        """Whether it serves by now. Raises ServerError when it died instead."""
        assert self._process.stdout
        self.port = self.port or int(self._process.stdout.read() or 0) or None
        if self.port and is_healthy(self.port):
            return True
        if self._process.poll() is not None:
            raise ServerError(self.describe_failure(f"stopped while starting (exit {self._process.returncode})"))
        return False

    def describe_failure(self, what: str) -> str:
        """What to tell the user: the last lines of the log, where the rest is, what to do."""
        with self.log.open("rb") as stream:
            stream.seek(self._log_start)
            lines = stream.read().decode("utf-8", "replace").splitlines()[-LAST_LINES:]
        said = "\n".join(f"    {_STAMP.sub('', line)}" for line in lines) or "    (it said nothing)"
        return f"The server of {self.llm} {what}. The end of {self.log}:\n{said}\n{_remedy(self._process.returncode)}"

    def release(self) -> None:
        """Let it go on when this process ends."""
        from smacs.pool.llamacpp import RELEASE

        assert self._process.stdin
        self._process.stdin.write(RELEASE)
        self._close()

    def terminate(self) -> None:
        """Ask it to end; `stop` waits for it."""
        self._process.terminate()

    def stop(self) -> None:
        """End it and wait until it is gone."""
        self._process.terminate()
        try:
            self._process.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


def stop_all(servers: Iterable[ServerProcess]) -> None:
    """End them together."""
    servers = list(servers)
    for server in servers:
        server.terminate()
    for server in servers:
        server.stop()


def is_healthy(port: int) -> bool:
    """Whether a server on this loopback port is done loading."""
    connection = HTTPConnection("127.0.0.1", port, timeout=HEALTH_TIMEOUT)
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


def log_path(llm: str) -> Path:
    """The log of its server."""
    return home() / "logs" / f"{safe_name(llm)}.log"


def fixed_port(spec: LLMSpec) -> int:
    """The port its `endpoint` names, 0 where there is none and any free one will do."""
    return (urlsplit(spec.endpoint).port or 80) if spec.endpoint else 0


def _open_log(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            os.truncate(path, 0)
        return path.open("ab")
    except OSError as error:
        raise ServerError(
            f"The log {path} cannot be written: {error.strerror}; set SMACS_HOME to another folder."
        ) from error


def _command(alias: str, spec: LLMSpec, launch: Launch, model: Path) -> list[str]:
    # -P: a folder called smacs in the working directory is not ours.
    command = [sys.executable, "-P", "-m", "smacs.pool.llamacpp", "--lifeline", "--model", str(model)]
    command += ["--alias", alias, "--port", str(fixed_port(spec))]
    command += ["--context", str(launch.context), "--slots", str(launch.slots)]
    command += ["--options", json.dumps(launch.options)]
    return command + (["--threads", str(launch.threads)] if launch.threads else [])


def _remedy(exit_code: int | None) -> str:
    if exit_code == -9:
        return "It was killed, most likely for want of memory: set smaller `slots` or `context` under `launch`."
    return "Mend `launch` in the pool file; if the model file is broken, delete it and run `smacs models pull`."
