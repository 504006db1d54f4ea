"""Start several servers, and wait until they serve."""

import time
from collections.abc import Sequence

from smacs.errors import ServerError
from smacs.pool.launch.job import Job
from smacs.pool.launch.process import ServerProcess, stop_all
from smacs.progress import Progress

POLL = 0.05
REPORT = 15.0  # seconds between two reports on a server that loads


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
            time.sleep(POLL)
    except BaseException:
        stop_all(started.values())
        raise
    return started


def _startable(waiting: Sequence[Job], loading: Sequence["_Loading"]) -> list[Job]:
    """Those whose GPUs nobody who loads, or comes before them, uses."""
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
        if now - self._told > REPORT:
            self._told = now
            said = "".join(self.server.last_words(1))[:120]
            self._progress(f"{name} is loading, {now - self._begin:.0f} s: {said}")
        return False
