"""A process for work that can hang or that carries heavy imports: started on first use, killed when it hangs.

Requests and replies are lines of JSON on its standard input and output; it ends when its input does.
"""

import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Timer
from typing import Generic, TypeVar

import msgspec

from smacs.errors import GradingError

Request = TypeVar("Request", bound=msgspec.Struct)
Reply = TypeVar("Reply", bound=msgspec.Struct)

_READY = b"ready\n"


@dataclass(slots=True)
class Worker(Generic[Request, Reply]):
    """Asks `python -m module`, one request at a time, at most `seconds` each; safe in threads."""

    module: str
    reply: type[Reply]
    seconds: float = 10.0
    start_seconds: float = 60.0
    _process: subprocess.Popen[bytes] | None = None
    _lock: Lock = field(default_factory=Lock)

    def ask(self, request: Request) -> Reply | None:
        """The reply, None when the process had to be killed; raises GradingError when it does not start."""
        line = msgspec.json.encode(request) + b"\n"
        with self._lock:
            reply = self._exchange(self._running(), line, self.seconds)
        return None if reply is None else msgspec.json.decode(reply, type=self.reply)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-P", "-m", self.module]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self._exchange(self._process, b"", self.start_seconds) != _READY:
                raise GradingError(f"a worker does not start: run `python -m {self.module}` to see why")
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], line: bytes, seconds: float) -> bytes | None:
        assert process.stdin is not None and process.stdout is not None
        timer = Timer(seconds, process.kill)
        timer.start()
        reply = b""
        try:
            process.stdin.write(line)
            process.stdin.flush()
            reply = process.stdout.readline()
        except BrokenPipeError:
            pass
        finally:
            timer.cancel()
        if reply.endswith(b"\n"):
            return reply
        with suppress(BrokenPipeError), process:
            process.kill()
        return None


def serve(request: type[Request], answer: Callable[[Request], Reply], *, memory: int) -> None:
    """The other side: answer one line at a time until the input ends; `memory` in bytes."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # What a library prints must not come between the replies.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as replies:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        replies.write(_READY)
        replies.flush()
        for line in sys.stdin.buffer:
            replies.write(msgspec.json.encode(answer(msgspec.json.decode(line, type=request))) + b"\n")
            replies.flush()
