"""A process that is watched through its pipe and killed in a phase of its life."""

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tools.reliability.damage import PHASES, Phase

_WAIT = 60.0  # seconds in which what a killed process has started must end by itself


class Watched:
    """`command`, in a process group of its own; `acknowledged` of `total` is what it has said is safe."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True
        )
        self.opened = False
        self.acknowledged = self.total = 0
        self.times: dict[Phase, float] = {"start-up": time.perf_counter()}  # when each phase began

    @property
    def phase(self) -> Phase:
        """What it is doing, as far as it has said."""
        if not self.opened:
            return "start-up"
        if not self.total:
            return "opening"
        return "writing" if self.acknowledged < self.total else "finishing"

    def until(self, phase: Phase) -> bool:
        """Wait for a phase; False: it ended before."""
        while PHASES.index(self.phase) < PHASES.index(phase):
            if not self._next():
                return False
        return True

    def end(self) -> int:
        """Read what it still says, and wait for its end; its exit code, minus the signal that ended it."""
        while self._next():
            pass
        return self.process.wait()

    def kill(self, others: Sequence[psutil.Process] = ()) -> int:
        """End it, all that is in its process group, and `others` at one blow; its exit code."""
        os.killpg(self.process.pid, signal.SIGKILL)
        for other in others:
            with suppress(psutil.NoSuchProcess):
                other.kill()
        return self.end()

    def said(self) -> str:
        """The end of what it wrote to standard error."""
        with self._errors as errors:
            errors.seek(0)
            return errors.read().decode(errors="replace")[-500:].strip()

    def durations(self) -> dict[Phase, float]:
        """Seconds of each phase, the last one until now."""
        ends = [*list(self.times.values())[1:], time.perf_counter()]
        return {phase: end - start for (phase, start), end in zip(self.times.items(), ends, strict=True)}

    def _next(self) -> bool:
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        if len(words) == 2:
            self.acknowledged, self.total = map(int, words)
        self.opened = self.opened or bool(words)
        self.times.setdefault(self.phase, time.perf_counter())
        return bool(words)


def kill_in(
    watched: Watched, phase: Phase, durations: dict[Phase, float], source: random.Random, folder: Path | None = None
) -> int:
    """Kill it at a random moment of a phase that takes as long as in `durations`; its exit code.

    With `folder` all processes that were given it are killed too, as when a container ends.
    """
    if not watched.until(phase):
        return watched.end()
    left = 1 - watched.acknowledged / watched.total if phase == "writing" else 1.0
    time.sleep(source.uniform(0, durations.get(phase, 0.0) * left))
    return watched.kill(given(folder) if folder else ())


def given(folder: Path) -> list[psutil.Process]:
    """Processes that have `folder` among their arguments."""
    return [process for process in psutil.process_iter(["cmdline"]) if str(folder) in (process.info["cmdline"] or [])]


def left_running(folder: Path, wait: float = _WAIT) -> list[psutil.Process]:
    """Processes that were given `folder` and do not end by themselves within `wait` seconds."""
    alive: list[psutil.Process] = psutil.wait_procs(given(folder), wait)[1]
    return alive
