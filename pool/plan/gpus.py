"""The GPUs there are, from a description such as `8x80G`, `2x141G,4x24G` or `3x8x80G`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smacs.errors import InputError

GB = 1e9  # a G of the description: 80G cards have 85.5e9 bytes, so that a plan errs on the safe side
MOST = 4096
_GROUP = re.compile(r"(?:(\d+)x)?(\d+)x(\d+(?:\.\d+)?)G(?:i?B)?", re.IGNORECASE)
_EXPECTED = (
    "expected COUNTxMEMORY such as 8x80G, several kinds in one machine as 2x141G,4x24G, machines as 3x8x80G "
    "(3 machines of 8)"
)


@dataclass(frozen=True, slots=True, order=True)
class Gpu:
    """One GPU: the machine it is in, its number there, its memory in bytes."""

    machine: int
    number: int
    memory: float


def parse_gpus(text: str) -> list[Gpu]:
    """The GPUs of a description. Parts without a number of machines share the first machine.

    Raises:
        InputError: it is no such description, or has no GPU or too many.
    """
    groups = [_group(part.strip(), text) for part in text.split(",")]
    if not 0 < sum((machines or 1) * count for machines, count, _ in groups) <= MOST:
        raise InputError(f"--gpus {text}: expected 1 to {MOST} GPUs")
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
