"""The GPUs of this machine, and which server gets which of them."""

import os
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from smacs.errors import InputError, ServerError
from smacs.pool.launch.engines import Order
from smacs.pool.launch.gpus.fit import Gpu, Misfit, Placement, Rules, rounds_of
from smacs.pool.launch.gpus.memory import Server
from smacs.pool.launch.table import EMBEDDER

ASK = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
MIB = 2**20
FULL = 1.0  # bytes: a GPU that is not for us keeps its number and has room for nothing
SHARE = 0.9  # of the memory of GPUs that the pool file names


@dataclass(frozen=True, slots=True)
class Seat:
    """The GPUs of one server, and its share of their memory. Servers that share a GPU have to start one by one."""

    gpus: tuple[int, ...]
    memory: float

    @property
    def tensor_parallel(self) -> int:
        """The tensor parallel size."""
        return len(self.gpus)


def seats_here(orders: Sequence[Order[Any]], busy: Collection[int]) -> dict[str, Seat]:
    """Server name -> seat: the GPUs that the pool file names, else some that nobody uses.

    None at all on a machine without GPUs; `busy` ones are in use.

    Raises:
        ServerError: the pool file names too few GPUs, or it is not known which there are.
        InputError: they do not fit together; the message has groups that do.
    """
    named = {order.name: seat for order in orders if (seat := _named_seat(order))}
    rest = [order for order in orders if order.name not in named]
    taken = {*busy, *(gpu for seat in named.values() for gpu in seat.gpus)}
    memories = gpus_here(taken) if rest else []
    return named | seats_on(rest, memories) if memories else named


def seats_on(orders: Sequence[Order[Any]], memories: Sequence[float]) -> dict[str, Seat]:
    """Server name -> seat, on GPUs of so many bytes.

    Raises:
        InputError: they do not fit together; the message has groups that do.
    """
    pinned = (EMBEDDER, *(order.llm for order in orders[:1]))
    servers = [Server.of(order, "this pool", pinned=order.llm in pinned) for order in orders]
    rounds, misfits = rounds_of(servers, [Gpu(0, number, memory) for number, memory in enumerate(memories)], Rules())
    if misfits or len(rounds) > 1:
        raise InputError(f"The servers of this pool do not fit onto this machine together. {_groups(rounds, misfits)}")
    return {
        each.server.name: Seat(tuple(gpu.number for gpu in each.gpus), each.memory)
        for placements in rounds
        for each in placements
    }


def _named_seat(order: Order[Any]) -> Seat | None:
    """The copy's part of the `gpus` that the pool file names: one after another, as many each."""
    launch = order.launch
    if launch.gpus is None:
        return None
    size = launch.tensor_parallel or max(len(launch.gpus) // launch.replicas, 1)
    mine = tuple(launch.gpus[order.copy * size : (order.copy + 1) * size])
    if len(mine) < size:
        raise ServerError(
            f"{order.llm}: `gpus` names {len(launch.gpus)}; expected {size} for each of {launch.replicas} replicas."
        )
    return Seat(mine, launch.memory or SHARE)


def _groups(rounds: Sequence[Sequence[Placement]], misfits: Sequence[Misfit]) -> str:
    """Which groups fit, and what fits nowhere, in sentences."""
    groups = [", ".join(each.server.name for each in placements) for placements in rounds]
    said = [f"Group {number}: {names}." for number, names in enumerate(groups, 1)] if len(groups) > 1 else []
    return " ".join([*said, *(f"{misfit.server.name} fits nowhere: {misfit.why}." for misfit in misfits)])


def gpus_here(busy: Collection[int] = ()) -> list[float]:
    """Bytes of each NVIDIA GPU, none where there is no `nvidia-smi`.

    Those that are `busy`, and those that CUDA_VISIBLE_DEVICES leaves out, count as full. Raises ServerError when
    `nvidia-smi` fails.
    """
    memories = _memories()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    allowed = range(len(memories)) if visible is None else _numbers(visible)
    return [memory if i in allowed and i not in busy else FULL for i, memory in enumerate(memories)]


def _memories() -> list[float]:
    try:
        said = subprocess.run(ASK, capture_output=True, text=True, check=True, timeout=30).stdout
        return [float(line) * MIB for line in said.split("\n") if line.strip()]
    except FileNotFoundError:
        return []
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise ServerError(f"nvidia-smi does not say which GPUs there are: {error}.") from error


def _numbers(visible: str) -> list[int]:
    try:
        return [int(number) for number in visible.split(",") if number.strip()]
    except ValueError:
        raise ServerError(
            f"CUDA_VISIBLE_DEVICES is {visible!r}; expected numbers of GPUs such as 0,1. Set `gpus` under `launch`."
        ) from None
