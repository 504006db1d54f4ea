"""The process that runs math-verify: started on first use, killed and replaced when a comparison hangs.

One comparison at a time, guarded by a lock; requests and answers are lines of JSON. The process ends when its
standard input does.
"""

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Timer

import msgspec

from smacs.pool.errors import GradingError


class Comparison(msgspec.Struct):
    """A request: is one of the candidates, the first that can be read, equal to the label?"""

    label: str
    candidates: list[str]


class Verdict(msgspec.Struct):
    """The worker's reply; `parsed` is False when the label cannot be read."""

    parsed: bool
    correct: bool = False
    answer: str | None = None


@dataclass(slots=True)
class MathClient:
    """Compares expressions in a worker process, at most `seconds` each."""

    seconds: float = 10.0
    start_seconds: float = 60.0
    _process: subprocess.Popen[bytes] | None = None
    _lock: Lock = field(default_factory=Lock)

    def compare(self, label: str, candidates: list[str]) -> Verdict | None:
        """The verdict, None when the worker had to be killed; raises GradingError when it does not start."""
        with self._lock:
            process = self._running()
            return self._ask(process, Comparison(label, candidates), self.seconds)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-P", "-m", "smacs.store.graders.math_worker"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self._ask(self._process, Comparison("1", ["1"]), self.start_seconds) is None:
                raise GradingError("the math worker does not start: run `python -m smacs.store.graders.math_worker`")
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], request: Comparison, seconds: float) -> Verdict | None:
        assert process.stdin is not None and process.stdout is not None
        timer = Timer(seconds, process.kill)
        timer.start()
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            return msgspec.json.decode(line, type=Verdict)
        with suppress(BrokenPipeError), process:
            process.kill()
        return None
