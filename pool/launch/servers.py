"""LLM servers on this machine: those of one process (`running`), and those that go on after it (`up`, `down`)."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psutil

from smacs.errors import ServerError
from smacs.pool.config import LLMSpec
from smacs.pool.launch import registry, supervision
from smacs.pool.launch.process import STOP_GRACE, ServerProcess, is_healthy, stop_all
from smacs.pool.launch.start import start
from smacs.pool.launch.wanted import is_wanted, jobs_of, servers_of
from smacs.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server that was started with `up`: resident memory in bytes, uptime in seconds, how often it was restarted.

    `alive` is False for one that has died; `trouble` says why it is not started again.
    """

    llm: str
    pid: int
    port: int
    memory: int
    uptime: float
    healthy: bool
    alive: bool = True
    restarts: int = 0
    trouble: str = ""


@contextmanager
def running(llms: Mapping[str, LLMSpec], *, progress: Progress | None = None) -> Iterator[dict[str, str]]:
    """Serve the LLMs that are launched on this machine for the length of the block; yields server -> base URL.

    Those that `up` has started are used as they are. The others end with the block, and also with this process,
    however it ends.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: a server does not start; none is left running then.
        InputError: the servers do not fit onto the GPUs.
    """
    told = progress or silent
    urls = _up_as_wanted(llms)
    started = start(jobs_of(llms, urls, told), told)
    try:
        yield {name: urls.get(name) or started[name].job.url for name in servers_of(llms)}
    finally:
        stop_all(started.values())


def up(llms: Mapping[str, LLMSpec], *, progress: Progress | None = None) -> dict[str, str]:
    """Serve the LLMs that are launched on this machine until `down`, and restart what dies; those that are up stay.

    Returns server -> base URL.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: a server does not start, or is up with other weights; none of the new ones is left running then.
        InputError: the servers do not fit onto the GPUs.
    """
    names, told = servers_of(llms), progress or silent
    with registry.one_at_a_time():
        registry.remove_stale(fallen=not supervision.is_on())
        for name in names:
            _clear(name, llms)
        started = start(jobs_of(llms, registry.read_all(), told), told)
        try:
            _hand_over(list(started.values()))
        except BaseException:
            stop_all(started.values())
            raise
        if registry.read_all():
            supervision.ensure()
    return {name: record.job.url for name, record in registry.read_all().items() if name in names}


def down(names: Iterable[str] | None = None) -> list[str]:
    """Stop the servers that `up` has started, all of them or those named; returns the names of those stopped.

    A name is that of an LLM, or of one of its servers.
    """
    with registry.one_at_a_time():
        registry.remove_stale(fallen=False)
        records = registry.read_all() | registry.read_fallen()
        wanted = None if names is None else set(names)
        chosen = [each for each in records.values() if wanted is None or {each.job.llm, each.name} & wanted]
        _end(chosen)
        for record in chosen:
            registry.remove(record.name)
        if len(chosen) == len(records):
            supervision.stop()
    return [record.name for record in chosen]


def status() -> list[ServerStatus]:
    """The servers that `up` has started."""
    records = registry.read_all() | registry.read_fallen()
    return [_status(record) for _, record in sorted(records.items())]


def endpoint_of(llm: str) -> str | None:
    """Base URL of an LLM that `up` has started, None if it is not up."""
    return next(iter(endpoints_of(llm)), None)


def endpoints_of(llm: str) -> tuple[str, ...]:
    """Base URLs of its servers that `up` has started; those that are being restarted count while another one is up."""
    alive = {name: record for name, record in registry.read_all().items() if record.job.llm == llm}
    fallen = {name: record for name, record in registry.read_fallen().items() if record.job.llm == llm}
    records = sorted((alive | fallen).values(), key=lambda record: record.job.copy) if alive else []
    return tuple(record.job.url for record in records if not record.trouble)


def _up_as_wanted(llms: Mapping[str, LLMSpec]) -> dict[str, str]:
    """Server -> base URL, of those that `up` has started with these very weights."""
    records = (registry.read(name) for name in servers_of(llms))
    return {record.name: record.job.url for record in records if record and is_wanted(record, llms)}


def _clear(name: str, llms: Mapping[str, LLMSpec]) -> None:
    """Make room for a server: forget one that has died. Raises ServerError where another one is up."""
    record = registry.look_up(name)
    if record is None:
        return
    if not record.process():
        record.kill_workers()
        registry.remove(name)
    elif not is_wanted(record, llms):
        raise ServerError(f"{name} is up with {record.job.weights}; stop it first: smacs models down {name}")


def _hand_over(servers: Collection[ServerProcess]) -> None:
    """Put them into the registry, and let them go on after this process."""
    for server in servers:
        registry.write(replace(registry.record_of(server.job, server.pid), serving=time.time()))
    for server in servers:
        server.release()


def _end(records: Iterable[registry.Record]) -> None:
    """End their processes, and what those leave."""
    records = list(records)
    processes = [process for record in records if (process := record.process())]
    for process in processes:
        process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_GRACE)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=STOP_GRACE)
    for record in records:
        record.kill_workers()


def _status(record: registry.Record) -> ServerStatus:
    process = record.process()
    try:
        memory = process.memory_info().rss if process else 0
    except psutil.NoSuchProcess:
        process, memory = None, 0
    return ServerStatus(
        llm=record.name,
        pid=record.pid,
        port=record.job.port,
        memory=memory,
        uptime=time.time() - record.created if process else 0.0,
        healthy=process is not None and is_healthy(record.job.port),
        alive=process is not None,
        restarts=record.restarts,
        trouble=record.trouble,
    )
