"""The servers that keep running after the command that started them: one small file each under `home()/run`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from smacs.paths import home
from smacs.pool.launch.process import Job, kill_group, safe_name

CLOCK_DRIFT = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """A server that was started with `up`. `created` is its process's creation time, in seconds since the epoch.

    What comes after it is for the supervisor: since when it serves (0: not yet), how often it was restarted, how often
    in a row without serving for long, and why it is given up.
    """

    job: Job
    pid: int
    created: float
    serving: float = 0.0
    restarts: int = 0
    in_row: int = 0
    trouble: str = ""

    @property
    def name(self) -> str:
        """The server's own name."""
        return self.job.name

    def process(self) -> psutil.Process | None:
        """The process, None if it has ended."""
        return find_process(self.pid, self.created)

    def kill_workers(self) -> None:
        """Kill what a server that has ended has left; the group of another process with its pid is spared."""
        try:
            recycled = abs(psutil.Process(self.pid).create_time() - self.created) >= CLOCK_DRIFT
        except psutil.Error:
            recycled = self.created < psutil.boot_time()
        if not recycled:
            kill_group(self.pid)


def find_process(pid: int, created: float) -> psutil.Process | None:
    """A process by pid and creation time, None if it has ended; another process that got its pid does not count."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < CLOCK_DRIFT
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def record_of(job: Job, pid: int) -> Record:
    """The record of a server that has just been started."""
    return Record(job, pid, psutil.Process(pid).create_time())


def run_folder() -> Path:
    """The folder of the records."""
    return home() / "run"


@contextmanager
def one_at_a_time(timeout: float = -1) -> Iterator[None]:
    """Keep other processes from starting and stopping servers. Raises filelock.Timeout after `timeout` seconds."""
    from filelock import FileLock

    run_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(run_folder() / ".lock", timeout=timeout):
        yield


def write(record: Record) -> None:
    """Save a record; a reader sees the old one or the new one, never half of it."""
    path = _path(record.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    temporary.write_bytes(msgspec.json.encode(record))
    temporary.replace(path)


def read(server: str) -> Record | None:
    """The record of a server that is alive; None where there is no record or it is stale."""
    record = look_up(server)
    return record if record and record.process() else None


def look_up(server: str) -> Record | None:
    """The record of a server, alive or not."""
    return _load(_path(server))


def read_all() -> dict[str, Record]:
    """Server -> record, of all servers that are alive."""
    return {record.name: record for record in _records() if record.process()}


def read_fallen() -> dict[str, Record]:
    """Server -> record, of those that have died and can be started again."""
    return {record.name: record for record in _records() if record.job.command and not record.process()}


def holds_any() -> bool:
    """Whether there is a server that is alive or can be started again. One that dies meanwhile is not overlooked."""
    return any(record.job.command or record.process() for record in _records())


def remove(server: str) -> None:
    """Forget a server."""
    _path(server).unlink(missing_ok=True)


def remove_stale(*, fallen: bool) -> None:
    """Forget those that have ended; with `fallen` also those that can be started again."""
    for path in _paths():
        record = _load(path)
        if record is None or (not record.process() and (fallen or not record.job.command)):
            path.unlink(missing_ok=True)


def _records() -> Iterator[Record]:
    return (record for path in _paths() if (record := _load(path)))


def _path(server: str) -> Path:
    return run_folder() / f"{safe_name(server)}.json"


def _paths() -> Iterator[Path]:
    return iter(sorted(run_folder().glob("*.json")))


def _load(path: Path) -> Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None
