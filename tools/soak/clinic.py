"""All endpoints of the test, and the faults that are done to them."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from typing import Self

from tools.soak.endpoint import Endpoint
from tools.soak.spells import Spell


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
