"""One operation, killed again and again at random moments, and started again."""

import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tools.reliability.checks import examine
from tools.reliability.damage import PHASES, Damage, Phase, Tally
from tools.reliability.operation import Operation
from tools.reliability.process import Watched, kill_in, left_running

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
