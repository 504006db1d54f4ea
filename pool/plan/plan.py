"""The plan of a pool: which of its servers go onto which GPUs, in rounds where not all fit at once.

The GPUs come from a description such as `8x80G`, `2x141G,4x24G` or `3x8x80G`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import urlsplit

from smacs.errors import InputError
from smacs.pool.config import PoolFile
from smacs.pool.launch.engines import Order
from smacs.pool.launch.gpus.fit import Gpu, Misfit, Placement, Rules, fit, rounds_of
from smacs.pool.launch.gpus.memory import GB, MEAN, Server
from smacs.pool.launch.table import EMBEDDER, GpuLaunch

_FIRST_PORT = 8000
_EMBEDDER_WINDOW = 4096
_MOST = 4096  # GPUs
_GROUP = re.compile(r"(?:(\d+)x)?(\d+)x(\d+(?:\.\d+)?)G(?:i?B)?", re.IGNORECASE)
_EXPECTED = (
    "expected COUNTxMEMORY such as 8x80G, several kinds in one machine as 2x141G,4x24G, machines as 3x8x80G "
    "(3 machines of 8)"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Each round fits onto the GPUs at once; a server is in exactly one round or a misfit."""

    gpus: Sequence[Gpu]
    rules: Rules
    rounds: list[list[Placement]]
    misfits: list[Misfit]
    hosts: Sequence[str] = ()

    @property
    def machines(self) -> int:
        """How many machines the GPUs are in."""
        return len({gpu.machine for gpu in self.gpus})

    def host(self, placement: Placement) -> str:
        """The name under which clients reach the machine that it is on."""
        number = placement.gpus[0].machine
        if self.hosts:
            return self.hosts[number]
        return "127.0.0.1" if self.machines == 1 else f"MACHINE-{number}"


def plan_pool(
    file: PoolFile,
    source: str,
    gpus: Sequence[Gpu],
    *,
    rules: Rules | None = None,
    mean: int = MEAN,
    in_flight: int | None = None,
) -> Plan:
    """Plan the LLMs of a pool that are served on GPUs, and its embedder. `source` names the pool.

    Raises:
        InputError: none of them is served on GPUs, or the shape of a model is missing.
    """
    return plan(gpu_servers(file, source, mean, in_flight), gpus, rules or Rules())


def plan(servers: Iterable[Server], gpus: Sequence[Gpu], rules: Rules) -> Plan:
    """Fill round after round: embedder and aggregator in the first one, then the largest first."""
    return Plan(gpus, rules, *rounds_of(servers, gpus, rules))


def together(plan: Plan, most: int = 64) -> int | None:
    """How many machines like the first one hold all rounds at once; None where more than `most`."""
    servers = [placement.server for placements in plan.rounds for placement in placements]
    first = [gpu for gpu in plan.gpus if gpu.machine == plan.gpus[0].machine]
    for machines in range(1, most + 1):
        gpus = [replace(gpu, machine=number) for number in range(machines) for gpu in first]
        if not fit(servers, gpus, plan.rules)[1]:
            return machines
    return None


def gpu_servers(file: PoolFile, source: str, mean: int, in_flight: int | None = None) -> list[Server]:
    """The servers of a pool on GPUs: the embedder, then its LLMs in the pool's order.

    Raises:
        InputError: there are none, or the shape of a model is missing.
    """
    first = (EMBEDDER, *file.aggregators[:1])
    found = [
        Server.of(order, source, mean=mean, in_flight=in_flight, pinned=order.llm in first) for order in _orders(file)
    ]
    if not found:
        raise InputError(f'{source} has no LLM with `engine = "vllm"` in its `launch`: there is nothing to plan.')
    return found


def _orders(file: PoolFile) -> list[Order[GpuLaunch]]:
    """A server for each copy; those that no endpoint gives a port get free ones."""
    wanted = list(_copies(file))
    taken = {order.port for order in wanted}
    ports = (port for port in count(_FIRST_PORT) if port not in taken)
    return [order if order.port else replace(order, port=next(ports)) for order in wanted]


def _copies(file: PoolFile) -> Iterator[Order[GpuLaunch]]:
    """The orders, with port 0 where the pool file says none."""
    spec = file.embedder
    if spec and file.embedder_launch and (launch := file.embedder_launch.on_gpus):
        yield Order(EMBEDDER, 0, spec.model, launch, _EMBEDDER_WINDOW, spec.in_flight, _port(spec.endpoint))
    for name, llm in file.llms.items():
        if llm.launch and (launch := llm.launch.on_gpus):
            for copy in range(launch.copies):
                port = 0 if copy else _port(llm.endpoint)
                yield Order(name, copy, llm.model or name, launch, llm.context, llm.in_flight, port)


def _port(endpoint: str | None) -> int:
    return (urlsplit(endpoint).port or 0) if endpoint else 0


def parse_gpus(text: str) -> list[Gpu]:
    """The GPUs of a description. Parts without a number of machines share the first machine.

    Raises:
        InputError: it is no such description, or has no GPU or too many.
    """
    groups = [_group(part.strip(), text) for part in text.split(",")]
    if not 0 < sum((machines or 1) * count for machines, count, _ in groups) <= _MOST:
        raise InputError(f"--gpus {text}: expected 1 to {_MOST} GPUs")
    one = [(count, memory) for machines, count, memory in groups if not machines]
    each = [[(count, memory)] for machines, count, memory in groups for _ in range(machines)]
    machines = [one, *each] if one else each
    return [gpu for index, parts in enumerate(machines) for gpu in _machine(index, parts)]


def _group(part: str, text: str) -> tuple[int, int, float]:
    """(machines, or 0 for the first one; GPUs in each; bytes)."""
    found = _GROUP.fullmatch(part)
    if not found or float(found[3]) <= 0 or found[1] == "0" or not int(found[2]):
        raise InputError(f"--gpus {text}: {_EXPECTED}, got {part!r}")
    return int(found[1] or 0), int(found[2]), float(found[3]) * GB


def _machine(index: int, parts: Sequence[tuple[int, float]]) -> Iterator[Gpu]:
    memories = [memory for count, memory in parts for _ in range(count)]
    return (Gpu(index, number, memory) for number, memory in enumerate(memories))
