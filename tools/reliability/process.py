"""A process that is killed at random moments of its life, watched through its pipe, and started again."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tools.launch import environment
from tools.reliability.checks import examine
from tools.reliability.damage import PHASES, Damage, Phase, Tally
from tools.reliability.operations import Operation

_WAIT = 60.0  # seconds in which what a killed process has started must end by itself


class Watched:
    """`command`, in a process group of its own; `acknowledged` of `total` is what it has said is safe."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
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


_HANDS: tuple[Phase, ...] = ("start-up", "opening", "writing", "writing", "finishing")  # aimed at equally often
_ALL = 0.5  # share of the kills that hit the Chroma process at the same time
_ENOUGH = 20  # damages that end a trial


class Trial:
    """An operation on one bank after the other in `folder`: a new one whenever it has come to its end."""

    def __init__(self, operation: Operation, folder: Path, source: random.Random) -> None:
        self.operation, self.folder, self.source = operation, folder, source
        self.tally = Tally(operation.name, dict.fromkeys(PHASES, 0))
        self.path = folder
        self.before: set[str] = set()
        self._aims: list[Phase] = []

    def run(self, kills: int, on_kill: Callable[[int], None]) -> Tally:
        """Measure one run without a kill, kill `kills` runs, then let the last one come to its end."""
        start = time.perf_counter()
        self._fresh()
        durations = self._to_the_end()
        while (done := sum(self.tally.kills.values())) < kills and len(self.tally.damages) < _ENOUGH:
            on_kill(done)
            watched = self._start()
            folder = self.path if self.source.random() < _ALL else None
            code = kill_in(watched, self._aim(), durations, self.source, folder)
            self.tally.whole += folder is not None and code == -signal.SIGKILL
            self._after(watched, code)
        self._to_the_end()
        self.tally.seconds = time.perf_counter() - start
        return self.tally

    def command(self) -> list[str]:
        """What is started."""
        module = "tools.reliability.worker"
        return [sys.executable, "-m", module, self.operation.name, str(self.path), self.operation.mock.url]

    def _start(self) -> Watched:
        self.operation.begin()
        return Watched(self.command())

    def _to_the_end(self) -> dict[Phase, float]:
        watched = self._start()
        code = watched.end()
        durations = watched.durations()
        self._after(watched, code)
        return durations

    def _after(self, watched: Watched, code: int) -> None:
        """Look at the bank; go on with a new one where this one is complete, or broken."""
        killed = code == -signal.SIGKILL
        if killed:
            self.tally.kills[watched.phase] += 1
        said = watched.said()
        damages = self._leftovers()
        if code != 0 and not killed:
            damages.append(Damage("unopenable", 1, f"cannot go on (exit code {code}): {said}"))
        acknowledged = self.operation.total if code == 0 else watched.acknowledged
        found, self.before = examine(self.operation, self.path, self.before, acknowledged)
        self.tally.damages += damages + found
        if not killed:
            self.tally.runs += code == 0
        if not killed or any(damage.kind == "unopenable" for damage in found):
            self._fresh()

    def _leftovers(self) -> list[Damage]:
        damages = []
        for process in left_running(self.path):
            damages.append(Damage("left running", 1, " ".join(process.cmdline())))
            process.kill()
        return damages

    def _fresh(self) -> None:
        """Make a bank in a folder of its own."""
        if self.path != self.folder:
            shutil.rmtree(self.path)
        self.path = self.folder / f"{self.operation.name}-{self.tally.runs}-{sum(self.tally.kills.values())}"
        self.operation.make(self.path)
        self.before = set()

    def _aim(self) -> Phase:
        """The phase to hit: all of them in turn, in random order."""
        if not self._aims:
            self._aims = self.source.sample(_HANDS, len(_HANDS))
        return self._aims.pop()
