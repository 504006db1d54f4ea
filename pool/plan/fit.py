"""Fit servers onto GPUs: largest first, each on the smallest number of GPUs that holds it."""

from collections.abc import Iterable, Iterator, Sequence

from smacs.pool.plan.gpus import Gpu
from smacs.pool.plan.memory import divides, parallel_sizes
from smacs.pool.plan.placement import PARTS, Placement, Rules, claim, kinds
from smacs.pool.plan.server import Server


def fit(servers: Iterable[Server], gpus: Sequence[Gpu], rules: Rules) -> tuple[list[Placement], list[Server]]:
    """(what is placed, what is left over). Spread out where that holds as many, else packed."""
    ordered = sorted(servers, key=lambda server: (not server.pinned, -server.need(1)))
    spread = _Board(gpus, rules, spread=True).place(ordered)
    packed = _Board(gpus, rules, spread=False).place(ordered)
    return min(spread, packed, key=lambda result: len(result[1]))


def parallel_of(server: Server, gpus: Sequence[Gpu], rules: Rules) -> int | None:
    """The smallest tensor parallel size that holds it on such empty GPUs of one kind; None where none does."""
    fixed = server.launch.tensor_parallel
    sizes = parallel_sizes(server.shape, len(gpus)) if fixed is None else [fixed]
    for size in sizes:
        if size <= len(gpus) and divides(server.shape, size) and claim(server, size, gpus[0]) <= rules.parts:
            return size
    return None


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
