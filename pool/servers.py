"""LLM servers on this machine: those of one process (`running`), and those that go on after it (`up`, `down`)."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from smacs.pool import registry
from smacs.pool.config import LLMSpec
from smacs.pool.errors import ServerError
from smacs.pool.files import path_of
from smacs.pool.process import STOP_GRACE, ServerProcess, is_healthy, stop_all
from smacs.pool.progress import Progress, silent
from smacs.pool.start import start


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server that was started with `up`: resident memory in bytes, uptime in seconds."""

    llm: str
    pid: int
    port: int
    memory: int
    uptime: float
    healthy: bool


@contextmanager
def running(llms: Mapping[str, LLMSpec], *, progress: Progress | None = None) -> Iterator[dict[str, str]]:
    """Serve the LLMs that have a `launch`, for the length of the block; yields LLM -> base URL.

    Those that `up` has started are used as they are. The others end with the block, and also with this process,
    however it ends.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: a server does not start; none is left running then.
    """
    wanted = _launched(llms)
    urls = {name: record.url for name, spec in wanted.items() if (record := _record_of(name, spec))}
    started = start({name: spec for name, spec in wanted.items() if name not in urls}, progress or silent)
    try:
        yield {name: urls.get(name) or started[name].url for name in wanted}
    finally:
        stop_all(started.values())


def up(llms: Mapping[str, LLMSpec], *, progress: Progress | None = None) -> dict[str, str]:
    """Serve the LLMs that have a `launch` until `down`; those that are up stay. Returns LLM -> base URL.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: a server does not start, or is up with other weights; none of the new ones is left running then.
    """
    wanted = _launched(llms)
    with _one_at_a_time():
        registry.remove_stale()
        missing = {name: spec for name, spec in wanted.items() if not _record_of(name, spec)}
        for name in missing:
            if other := registry.read(name):
                raise ServerError(f"{name} is up with {other.file}; stop it first: smacs models down {name}")
        started = start(missing, progress or silent)
        try:
            for name, server in started.items():
                registry.write(_record(server, missing[name]))
            for server in started.values():
                server.release()
        except BaseException:
            stop_all(started.values())
            raise
    return {name: record.url for name, record in registry.read_all().items() if name in wanted}


def down(names: Iterable[str] | None = None) -> list[str]:
    """Stop the servers that `up` has started, all of them or those named; returns the names of those stopped."""
    with _one_at_a_time():
        registry.remove_stale()
        records = registry.read_all()
        chosen = [records[name] for name in (records if names is None else names) if name in records]
        _end([process for record in chosen if (process := record.process())])
        for record in chosen:
            registry.remove(record.llm)
    return [record.llm for record in chosen]


def status() -> list[ServerStatus]:
    """The servers that `up` has started and that are alive."""
    found = []
    for record in registry.read_all().values():
        try:
            memory = psutil.Process(record.pid).memory_info().rss
        except psutil.NoSuchProcess:
            continue
        uptime = time.time() - record.created
        found.append(ServerStatus(record.llm, record.pid, record.port, memory, uptime, is_healthy(record.port)))
    return found


def endpoint_of(llm: str) -> str | None:
    """Base URL of an LLM that `up` has started, None if it is not up."""
    record = registry.read(llm)
    return record.url if record else None


def _launched(llms: Mapping[str, LLMSpec]) -> dict[str, LLMSpec]:
    return {name: spec for name, spec in llms.items() if spec.launch}


def _record_of(name: str, spec: LLMSpec) -> registry.Record | None:
    """The server that is up with these very weights."""
    assert spec.launch
    record = registry.read(name)
    return record if record and record.file == str(path_of(spec.launch.file)) else None


def _record(server: ServerProcess, spec: LLMSpec) -> registry.Record:
    assert spec.launch and server.port
    created = psutil.Process(server.pid).create_time()
    file = str(path_of(spec.launch.file))
    return registry.Record(server.llm, server.pid, created, server.port, file, spec.model or server.llm)


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_GRACE)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=STOP_GRACE)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    from filelock import FileLock

    registry.run_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(registry.run_folder() / ".lock"):
        yield
