"""Which servers the LLMs of a pool have on this machine, and how those that are not up are started."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from smacs.pool.config import LLMSpec
from smacs.pool.launch import registry
from smacs.pool.launch.engines import Engine, Wanted, copies_of, engine_of
from smacs.pool.launch.job import Job
from smacs.pool.launch.ports import is_here, port_of
from smacs.pool.plan.server import server_name
from smacs.progress import Progress


def servers_of(llms: Mapping[str, LLMSpec]) -> dict[str, tuple[str, int]]:
    """Server -> (LLM, number of the copy), of all that are launched on this machine."""
    here = {name: spec for name, spec in llms.items() if is_here(spec)}
    return {server_name(name, copy): (name, copy) for name, spec in here.items() for copy in range(copies_of(spec))}


def is_wanted(record: registry.Record, llms: Mapping[str, LLMSpec]) -> bool:
    """Whether a server serves what the LLM of its name is to serve."""
    return record.job.weights == engine_of(llms[record.job.llm]).weights(llms[record.job.llm])


def jobs_of(llms: Mapping[str, LLMSpec], up: Collection[str], progress: Progress) -> list[Job]:
    """How the servers that are not `up` are started.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: the engine is not there, or cannot be used as the pool file says.
        InputError: the servers do not fit onto the GPUs.
    """
    records = registry.read_all().values()
    busy = {gpu for record in records for gpu in record.job.gpus}
    groups: dict[Engine, list[Wanted]] = {}
    for wanted in _missing(llms, up, {record.job.port for record in records}):
        groups.setdefault(engine_of(wanted.spec), []).append(wanted)
    return [job for engine, group in groups.items() for job in engine.jobs(group, busy, progress)]


def _missing(llms: Mapping[str, LLMSpec], up: Collection[str], taken: Iterable[int]) -> Iterator[Wanted]:
    ports = set(taken)
    for name, (llm, copy) in servers_of(llms).items():
        if name not in up:
            port = port_of(llms[llm], copy, ports)
            ports.add(port)
            yield Wanted(llm, copy, llms[llm], port)
