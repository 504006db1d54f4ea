"""The plan: rounds of servers that fit together, and what fits nowhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from smacs.pool.config import PoolFile
from smacs.pool.plan.fit import fit
from smacs.pool.plan.gpus import GB, Gpu
from smacs.pool.plan.memory import parallel_sizes
from smacs.pool.plan.placement import Placement, Rules, kinds
from smacs.pool.plan.server import Server, servers_of

MEAN = 4096  # tokens of a call in the KV cache, prompt and half of the reply: the paper's replies have up to 8,192


@dataclass(frozen=True, slots=True)
class Misfit:
    """A server that no round can hold, and why."""

    server: Server
    why: str


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
    """Plan the LLMs of a pool that vLLM serves, and its embedder.

    Raises:
        InputError: vLLM serves nothing in this pool, or the shape of a model is missing.
    """
    return plan(servers_of(file, source, mean, in_flight), gpus, rules or Rules())


def plan(servers: Iterable[Server], gpus: Sequence[Gpu], rules: Rules) -> Plan:
    """Fill round after round: embedder and aggregator in the first one, then the largest first."""
    left: list[Server] = []
    misfits: list[Misfit] = []
    for server in servers:
        if fit([server], gpus, rules)[0]:
            left.append(server)
        else:
            misfits.append(Misfit(server, _why(server, gpus, rules)))
    rounds: list[list[Placement]] = []
    while left:
        placed, left = fit(left, gpus, rules)
        rounds.append(sorted(placed, key=lambda placement: placement.gpus))
    return Plan(gpus, rules, rounds, misfits)


def together(plan: Plan, most: int = 64) -> int | None:
    """How many machines like the first one hold all rounds at once; None where more than `most`."""
    servers = [placement.server for placements in plan.rounds for placement in placements]
    first = [gpu for gpu in plan.gpus if gpu.machine == plan.gpus[0].machine]
    for machines in range(1, most + 1):
        gpus = [replace(gpu, machine=number) for number in range(machines) for gpu in first]
        if not fit(servers, gpus, plan.rules)[1]:
            return machines
    return None


def _why(server: Server, gpus: Sequence[Gpu], rules: Rules) -> str:
    if server.launch.tensor_parallel or server.launch.gpus or server.launch.memory:
        return "it does not fit with the tensor_parallel, gpus and memory that its `launch` asks for"
    kind = min(kinds(gpus), key=lambda kind: server.need(_widest(server, kind)) - kind[0].memory)
    size = _widest(server, kind)
    has = rules.utilization * kind[0].memory / GB
    return f"over {size} GPUs it needs {server.need(size) / GB:.1f} GB on each, which have {has:.1f} GB"


def _widest(server: Server, kind: Sequence[Gpu]) -> int:
    return parallel_sizes(server.shape, len(kind))[-1]
