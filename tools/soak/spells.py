"""When each endpoint is ill, and of what: drawn by a seed, or written by hand in a test."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["die", "freeze", "hang", "slow", "503", "drop", "garbage", "empty", "usage"]
KINDS: tuple[Kind, ...] = ("die", "freeze", "hang", "slow", "503", "drop", "garbage", "empty", "usage")

WELL = 6.0  # seconds between two spells, in the mean
ILL = (2.0, 10.0)  # seconds of a spell


@dataclass(frozen=True, slots=True)
class Spell:
    """One endpoint is ill for so many seconds, from `start` seconds on.

    It dies (the process is killed, and started anew at the end), freezes (the process is stopped: connections are
    taken, no byte comes), hangs, slows down, or answers with what the mock's fault of that name is.
    """

    endpoint: int
    kind: Kind
    start: float
    seconds: float


def draw(endpoints: int, seconds: float, seed: int) -> list[Spell]:
    """Spells of each endpoint for so many seconds, the last ones until the end of all.

    Each endpoint has every kind of them once before it has one again.
    """
    return [
        spell
        for endpoint in range(endpoints)
        for spell in _of(endpoint, seconds, random.Random(f"{seed} endpoint {endpoint}"))
    ]


def _of(endpoint: int, seconds: float, source: random.Random) -> Iterator[Spell]:
    now = source.expovariate(1 / WELL)
    while True:
        for kind in source.sample(KINDS, len(KINDS)):
            if now >= seconds:
                return
            length = min(source.uniform(*ILL), seconds - now)
            yield Spell(endpoint, kind, now, length)
            now += length + source.expovariate(1 / WELL)
