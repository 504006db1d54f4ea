"""Where a server goes, and what it finds there."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from smacs.pool.plan.gpus import Gpu
from smacs.pool.plan.memory import RESERVE, kv_share
from smacs.pool.plan.server import Server

PARTS = 1000  # shares of a GPU's memory are counted in whole thousandths, so that nothing is lost in rounding


@dataclass(frozen=True, slots=True)
class Rules:
    """`utilization`: share of a GPU that may be used; `share`: whether servers may share a GPU."""

    utilization: float = 0.92
    share: bool = True

    @property
    def parts(self) -> int:
        """Thousandths of a GPU that may be used."""
        return int(self.utilization * PARTS + 1e-6)


@dataclass(frozen=True, slots=True)
class Placement:
    """A server on its GPUs, with `memory`, its share of each of them."""

    server: Server
    gpus: tuple[Gpu, ...]
    memory: float

    @property
    def parallel(self) -> int:
        """The tensor parallel size."""
        return len(self.gpus)

    @property
    def need(self) -> float:
        """Bytes that it needs on each GPU."""
        return self.server.need(self.parallel)

    @property
    def kv_tokens(self) -> int:
        """Tokens that its KV cache holds: vLLM gives it all of the share that weights and reserve leave."""
        server = self.server
        room = self.memory * self.gpus[0].memory - server.weights / self.parallel - RESERVE
        return int(server.tokens * room / (server.kv * kv_share(server.shape, self.parallel)))


def claim(server: Server, parallel: int, gpu: Gpu) -> int:
    """Thousandths of such a GPU that it takes, at least; what its `launch` says wins where it is enough."""
    needed = ceil(server.need(parallel) / gpu.memory * PARTS - 1e-6)
    given = server.launch.memory
    if given is None:
        return needed
    return ceil(given * PARTS - 1e-6) if given * PARTS >= needed else PARTS + 1


def kinds(gpus: Iterable[Gpu]) -> list[list[Gpu]]:
    """GPUs of one machine and one size each: what tensor parallelism may span."""
    found: dict[tuple[int, float], list[Gpu]] = defaultdict(list)
    for gpu in gpus:
        found[gpu.machine, gpu.memory].append(gpu)
    return list(found.values())
