"""LLM servers on this machine: for the length of a block (`running`), or until they are stopped (`up`, `down`)."""

import socket
import time
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import psutil

from smacs.errors import ServerError
from smacs.pool.config import LLMSpec
from smacs.pool.launch import registry, supervisor
from smacs.pool.launch.engines import Order, engines
from smacs.pool.launch.process import HOST, STOP_GRACE, Job, ServerProcess, is_healthy, server_name, start, stop_all
from smacs.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server that was started with `up`; memory (resident) in bytes, uptime in seconds.

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
    progress = progress or silent
    urls = _up_already(llms)
    started = start(_jobs(llms, urls, progress), progress)
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
    names, progress = servers_of(llms), progress or silent
    with registry.one_at_a_time():
        registry.remove_stale(fallen=not supervisor.is_on())
        for name in names:
            _clear(name, llms)
        started = start(_jobs(llms, registry.read_all(), progress), progress)
        try:
            _hand_over(list(started.values()))
        except BaseException:
            stop_all(started.values())
            raise
        if registry.read_all():
            supervisor.ensure()
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
            supervisor.stop()
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


def servers_of(llms: Mapping[str, LLMSpec]) -> dict[str, tuple[str, int]]:
    """Server -> (LLM, number of the copy), of all that are launched on this machine."""
    here = {name: spec.launch for name, spec in llms.items() if spec.launch and is_here(spec)}
    return {server_name(name, copy): (name, copy) for name, launch in here.items() for copy in range(launch.copies)}


def is_here(spec: LLMSpec) -> bool:
    """Whether its servers belong on this machine: it has a `launch`, and no endpoint that is elsewhere."""
    return spec.launch is not None and all(_is_loopback(url) for url in spec.urls)


def port_of(spec: LLMSpec, copy: int, taken: Container[int]) -> int:
    """The port of the `copy`-th server: that of the endpoint in the same place, else a free one that is not `taken`."""
    if copy < len(spec.urls):
        return urlsplit(spec.urls[copy]).port or 80
    while True:
        with socket.create_server((HOST, 0)) as listener:
            port: int = listener.getsockname()[1]
        if port not in taken:
            return port


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_same(record: registry.Record, llms: Mapping[str, LLMSpec]) -> bool:
    """Whether a server serves the weights that the LLM of its name has in the pool file."""
    launch = llms[record.job.llm].launch
    return launch is not None and record.job.weights == launch.weights


def _jobs(llms: Mapping[str, LLMSpec], up: Collection[str], progress: Progress) -> list[Job]:
    """What starts the servers that are not `up`.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: the engine is not installed, or cannot be used as the pool file says.
        InputError: the servers do not fit onto the GPUs.
    """
    records = registry.read_all().values()
    busy = {gpu for record in records for gpu in record.job.gpus}
    groups: dict[str, list[Order[Any]]] = {}
    for order in _orders(llms, up, {record.job.port for record in records}):
        groups.setdefault(order.launch.engine, []).append(order)
    return [job for name, orders in groups.items() for job in engines()[name].jobs(orders, busy, progress)]


def _orders(llms: Mapping[str, LLMSpec], up: Collection[str], taken: Iterable[int]) -> Iterator[Order[Any]]:
    ports = set(taken)
    for name, (llm, copy) in servers_of(llms).items():
        if name not in up:
            spec, port = llms[llm], port_of(llms[llm], copy, ports)
            ports.add(port)
            yield Order(llm, copy, spec.model or llm, spec.launch, spec.context, spec.in_flight, port)


def _up_already(llms: Mapping[str, LLMSpec]) -> dict[str, str]:
    """Server -> base URL, of those that `up` has started with these very weights."""
    records = (registry.read(name) for name in servers_of(llms))
    return {record.name: record.job.url for record in records if record and _is_same(record, llms)}


def _clear(name: str, llms: Mapping[str, LLMSpec]) -> None:
    """Make room for a server: forget one that has died. Raises ServerError where another one is up."""
    record = registry.look_up(name)
    if record is None:
        return
    if not record.process():
        record.kill_workers()
        registry.remove(name)
    elif not _is_same(record, llms):
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
