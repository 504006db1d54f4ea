"""Which servers go on after the command that started them: one small file each under `home()/run`."""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import psutil

from smacs.pool.home import home
from smacs.pool.process import safe_name

CLOCK_DRIFT = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """A server that was started with `up`. `created` is its process's creation time, in seconds since the epoch."""

    llm: str
    pid: int
    created: float
    port: int
    file: str
    alias: str

    @property
    def url(self) -> str:
        """Base URL for OpenAI clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    def process(self) -> psutil.Process | None:
        """The process, None if it has ended; another process that got its pid does not count."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < CLOCK_DRIFT
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def run_folder() -> Path:
    """Where the records lie."""
    return home() / "run"


def write(record: Record) -> None:
    """Save a record; a reader sees the old one or the new one, never half of it."""
    path = _path(record.llm)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    temporary.write_bytes(msgspec.json.encode(asdict(record)))
    temporary.replace(path)


def read(llm: str) -> Record | None:
    """The record of a server that is alive; None where there is no record or it is stale."""
    return _load(_path(llm))


def read_all() -> dict[str, Record]:
    """LLM -> record, of all servers that are alive."""
    return {record.llm: record for path in _paths() if (record := _load(path))}


def remove(llm: str) -> None:
    """Forget a server."""
    _path(llm).unlink(missing_ok=True)


def remove_stale() -> None:
    """Forget those that have ended."""
    for path in _paths():
        if _load(path) is None:
            path.unlink(missing_ok=True)


def _path(llm: str) -> Path:
    return run_folder() / f"{safe_name(llm)}.json"


def _paths() -> Iterator[Path]:
    return iter(sorted(run_folder().glob("*.json")))


def _load(path: Path) -> Record | None:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None
    return record if record.process() else None
