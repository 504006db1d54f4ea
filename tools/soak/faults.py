"""Endpoints that fall ill: a mock LLM server each, when it is ill and of what, drawn by a seed or written by hand."""

import asyncio
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, Self

from tools.mock import MockServer
from tools.speed.world import DIMENSION

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


USUAL = {"latency": 0.1, "jitter": 0.1, "tokens": 100, "dimension": DIMENSION}
SLOW = {"latency": 2.0, "jitter": 2.0}


class Endpoint:
    """The mock; `start` and `stop` may come several times."""

    def __init__(self) -> None:
        self._mock = MockServer()
        self._running = False

    @property
    def url(self) -> str:
        """Base URL for a pool file; it stays when the endpoint is started again."""
        return self._mock.url

    def start(self) -> None:
        """Start it, in good health."""
        self._mock = MockServer(port=self._mock.port)
        self._mock.__enter__()
        self._running = True
        self._serve(USUAL)

    def stop(self) -> None:
        """Stop it where it runs, and so close all of its connections."""
        if self._running:
            self._mock.process.send_signal(signal.SIGCONT)  # a stopped process does not end
            self._mock.__exit__(None, None, None)
        self._running = False

    def fall_ill(self, kind: Kind) -> None:
        """Begin to die, freeze, hang, ..."""
        match kind:
            case "die":
                self._mock.process.kill()
                self.stop()
            case "freeze":
                self._mock.process.send_signal(signal.SIGSTOP)
            case "slow":
                self._serve(USUAL | SLOW)
            case _:
                self._serve(USUAL | {"fault": kind})

    def recover(self, kind: Kind) -> None:
        """Be well again."""
        match kind:
            case "die":
                self.start()
            case "freeze":
                self._mock.process.send_signal(signal.SIGCONT)
            case _:
                self._serve(USUAL)

    def _serve(self, plan: dict[str, Any]) -> None:
        self._mock.set("*", **plan)


class Clinic:
    """`count` endpoints; they stop with the block."""

    def __init__(self, count: int) -> None:
        self.endpoints = [Endpoint() for _ in range(count)]

    def __enter__(self) -> Self:
        try:
            self._each(Endpoint.start)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._each(Endpoint.stop)

    def renew(self) -> None:
        """Stop all and start them again, so that no connection to any of them stays open."""
        self._each(Endpoint.stop)
        self._each(Endpoint.start)

    async def suffer(self, spells: Sequence[Spell]) -> None:
        """Go through the spells, from now on; at the end all are well."""
        ordered = sorted(spells, key=attrgetter("endpoint", "start"))
        async with asyncio.TaskGroup() as group:
            for number, own in groupby(ordered, key=attrgetter("endpoint")):
                group.create_task(_suffer(self.endpoints[number], list(own)))

    def _each(self, do: Callable[[Endpoint], None]) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(do, self.endpoints))


async def _suffer(endpoint: Endpoint, spells: Sequence[Spell]) -> None:
    start = asyncio.get_running_loop().time()
    for spell in spells:
        await _until(start + spell.start)
        await asyncio.to_thread(endpoint.fall_ill, spell.kind)
        try:
            await _until(start + spell.start + spell.seconds)
        finally:
            await asyncio.to_thread(endpoint.recover, spell.kind)


async def _until(time: float) -> None:
    await asyncio.sleep(time - asyncio.get_running_loop().time())
