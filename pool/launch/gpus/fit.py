"""Fits servers onto GPUs: the largest first, each on as few GPUs as hold it, in several rounds if need be."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from smacs.pool.launch.gpus.memory import GB, RESERVE, Server, divides, kv_share, parallel_sizes

PARTS = 1000  # shares of a GPU's memory are counted in whole thousandths, so that nothing is lost in rounding


@dataclass(frozen=True, slots=True, order=True)
class Gpu:
    """One GPU: the machine it is in, its number there, its memory in bytes."""

    machine: int
    number: int
    memory: float


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


@dataclass(frozen=True, slots=True)
class Misfit:
    """A server that no round can hold, and why."""

    server: Server
    why: str


def rounds_of(
    servers: Iterable[Server], gpus: Sequence[Gpu], rules: Rules
) -> tuple[list[list[Placement]], list[Misfit]]:
    """(rounds that each fit onto the GPUs at once, what fits nowhere): pinned servers first, then the largest."""
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
    return rounds, misfits


def fit(servers: Iterable[Server], gpus: Sequence[Gpu], rules: Rules) -> tuple[list[Placement], list[Server]]:
    """(what is placed, what is left over). Spread out where that holds as many, else packed."""
    ordered = sorted(servers, key=lambda server: (not server.pinned, -server.need(1)))
    spread = _Board(gpus, rules, spread=True).place(ordered)
    packed = _Board(gpus, rules, spread=False).place(ordered)
    return min(spread, packed, key=lambda result: len(result[1]))


def parallel_of(server: Server, gpus: Sequence[Gpu], rules: Rules) -> int | None:
    """The smallest tensor parallel size that holds it on empty GPUs of one kind like these; None if none does."""
    fixed = server.launch.tensor_parallel
    sizes = parallel_sizes(server.shape, len(gpus)) if fixed is None else [fixed]
    for size in sizes:
        if size <= len(gpus) and divides(server.shape, size) and claim(server, size, gpus[0]) <= rules.parts:
            return size
    return None


def claim(server: Server, parallel: int, gpu: Gpu) -> int:
    """Thousandths of such a GPU that it needs; what its `launch` says holds instead where that is enough."""
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


class _Board:
    """GPUs that fill up."""

    def __init__(self, gpus: Sequence[Gpu], rules: Rules, *, spread: bool) -> None:
        self._rules = rules
        self._spread = spread
        self._kinds = kinds(gpus)
        self._used = dict.fromkeys(gpus, 0)

    def place(self, servers: Iterable[Server]) -> tuple[list[Placement], list[Server]]:
        """(what is placed, what is left over)."""
        seats: list[tuple[Server, tuple[Gpu, ...]]] = []
        left: list[Server] = []
        for server in servers:
            seat = min(self._seats(server), key=self._cost, default=None)
            if seat is None:
                left.append(server)
                continue
            seats.append((server, seat))
            for gpu in seat:
                self._used[gpu] += claim(server, len(seat), gpu)
        return [Placement(server, seat, self._memory(server, seat)) for server, seat in seats], left

    def _seats(self, server: Server) -> Iterator[tuple[Gpu, ...]]:
        """At most one seat for each kind of GPU."""
        for kind in self._kinds:
            allowed = [gpu for gpu in kind if server.launch.gpus is None or gpu.number in server.launch.gpus]
            size = parallel_of(server, allowed, self._rules)
            if size is None:
                continue
            parts = claim(server, size, allowed[0])
            free = [gpu for gpu in allowed if self._room(gpu) >= parts]
            free.sort(key=self._order)
            if len(free) >= size:
                yield tuple(sorted(free[:size]))

    def _order(self, gpu: Gpu) -> tuple[int, Gpu]:
        return self._used[gpu] if self._spread else -self._used[gpu], gpu

    def _cost(self, seat: tuple[Gpu, ...]) -> tuple[float, tuple[int, Gpu]]:
        """The least silicon first, so that small servers leave large GPUs free."""
        return len(seat) * seat[0].memory, self._order(seat[0])

    def _room(self, gpu: Gpu) -> int:
        taken = self._used[gpu] > 0 and not self._rules.share
        return 0 if taken else self._rules.parts - self._used[gpu]

    def _memory(self, server: Server, seat: tuple[Gpu, ...]) -> float:
        """Its share: each GPU is divided in proportion to what its servers need; tensor parallel ranks get alike."""
        if server.launch.memory:
            return server.launch.memory
        parts = (claim(server, len(seat), gpu) * self._rules.parts // self._used[gpu] for gpu in seat)
        return min(parts) / PARTS


def _why(server: Server, gpus: Sequence[Gpu], rules: Rules) -> str:
    if server.launch.tensor_parallel or server.launch.gpus or server.launch.memory:
        return "it does not fit with the tensor_parallel, gpus and memory that its `launch` asks for"
    kind = min(kinds(gpus), key=lambda kind: server.need(_widest(server, kind)) - kind[0].memory)
    size = _widest(server, kind)
    has = rules.utilization * kind[0].memory / GB
    return f"over {size} GPUs it needs {server.need(size) / GB:.1f} GB on each, which have {has:.1f} GB"


def _widest(server: Server, kind: Sequence[Gpu]) -> int:
    return parallel_sizes(server.shape, len(kind))[-1]
