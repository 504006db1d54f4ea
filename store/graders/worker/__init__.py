"""A process for work that can hang or that carries heavy imports: started on first use, killed when it hangs.

Requests and answers are lines of JSON on its standard input and output; it ends when its input does.
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
Answer = TypeVar("Answer", bound=msgspec.Struct)

_READY = b"ready\n"


@dataclass(slots=True)
class Worker(Generic[Request, Answer]):
    """Asks the process that runs `work` of a grader's module, one request at a time, at most `seconds` each.

    Safe in threads.
    """

    module: str
    answer: type[Answer]
    seconds: float = 10.0
    start_seconds: float = 60.0
    _process: subprocess.Popen[bytes] | None = None
    _lock: Lock = field(default_factory=Lock)

    def ask(self, request: Request) -> Answer | None:
        """The answer, None when the process had to be killed; raises GradingError when it does not start."""
        line = msgspec.json.encode(request) + b"\n"
        with self._lock:
            answer = self._exchange(self._running(), line, self.seconds)
        return None if answer is None else msgspec.json.decode(answer, type=self.answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-P", "-m", __name__, self.module]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self._exchange(self._process, b"", self.start_seconds) != _READY:
                command_line = f"python -m {__name__} {self.module}"
                raise GradingError(f"a grader's worker process does not start: run `{command_line}` to see why")
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], line: bytes, seconds: float) -> bytes | None:
        assert process.stdin is not None and process.stdout is not None
        timer = Timer(seconds, process.kill)
        timer.start()
        answer = b""
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            pass
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            return answer
        with suppress(BrokenPipeError), process:
            process.kill()
        return None


def serve(request: type[Request], answer: Callable[[Request], Answer], *, memory: int) -> None:
    """The other side: answer one line at a time until the input ends; `memory` in bytes."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # What a library prints must not come between the answers.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        answers.write(_READY)
        answers.flush()
        for line in sys.stdin.buffer:
            answers.write(msgspec.json.encode(answer(msgspec.json.decode(line, type=request))) + b"\n")
            answers.flush()
