"""Seats for servers on this machine, for `smacs models up`."""

from collections.abc import Sequence
from dataclasses import dataclass

from smacs.errors import InputError
from smacs.pool.config import PoolFile
from smacs.pool.plan.gpus import Gpu
from smacs.pool.plan.plan import Plan, plan_pool


@dataclass(frozen=True, slots=True)
class Seat:
    """The GPUs of one server, and its share of their memory. Servers that share a GPU have to start one by one."""

    gpus: tuple[int, ...]
    memory: float

    @property
    def tensor_parallel(self) -> int:
        """The tensor parallel size."""
        return len(self.gpus)


def seats_here(file: PoolFile, source: str, memories: Sequence[float]) -> dict[str, Seat]:
    """Server name -> seat, for all that vLLM serves in a pool, on GPUs of so many bytes.

    Raises:
        InputError: they do not fit together; the message has groups that do.
    """
    made = plan_pool(file, source, [Gpu(0, number, memory) for number, memory in enumerate(memories)])
    if made.misfits or len(made.rounds) > 1:
        raise InputError(f"The servers of {source} do not fit onto this machine together. {describe(made)}")
    return {
        each.server.name: Seat(tuple(gpu.number for gpu in each.gpus), each.memory)
        for placements in made.rounds
        for each in placements
    }


def describe(plan: Plan) -> str:
    """Which groups fit, and what fits nowhere, in sentences."""
    groups = [", ".join(each.server.name for each in placements) for placements in plan.rounds]
    said = [f"Group {number}: {names}." for number, names in enumerate(groups, 1)] if len(groups) > 1 else []
    return " ".join([*said, *(f"{misfit.server.name} fits nowhere: {misfit.why}." for misfit in plan.misfits)])
