"""The load: as much as the server takes, to find out how much that is, and then a rate that does not care."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import ClientSession, TCPConnector

from tools.soak.client import Wish, ask
from tools.soak.outcome import Outcome

KEEP = 3.0  # seconds; the server closes connections that nobody uses after five


class Load:
    """Clients of one server. `keys` are API keys by name; past `limit` seconds a client gives up."""

    def __init__(self, url: str, keys: Mapping[str, str], wishes: Iterator[Wish], limit: float) -> None:
        self.outcomes: list[Outcome] = []
        self._url = url
        self._keys = keys
        self._wishes = wishes
        self._limit = limit

    async def closed(self, at_once: int, seconds: float) -> list[Outcome]:
        """So many patient clients, each of which asks again as soon as it has its reply."""
        end = asyncio.get_running_loop().time() + seconds
        found: list[Outcome] = []

        async def client(http: ClientSession) -> None:
            while asyncio.get_running_loop().time() < end:
                wish = next(wish for wish in self._wishes if wish.key == "large" and wish.patience is None)
                found.append(await self._ask(http, wish))

        async with self._session() as http, asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(client(http))
        return found

    async def offer(self, rate: float, seconds: float) -> None:
        """`rate` requests a second, whatever becomes of them; ends when the last one has ended."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with self._session() as http, asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(start + number / rate - loop.time(), 0))
                group.create_task(self._offer(http, next(self._wishes)))

    async def _offer(self, http: ClientSession, wish: Wish) -> None:
        self.outcomes.append(await self._ask(http, wish))

    async def _ask(self, http: ClientSession, wish: Wish) -> Outcome:
        return await ask(http, wish, self._keys[wish.key], self._limit)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[ClientSession]:
        async with ClientSession(self._url, connector=TCPConnector(limit=0, keepalive_timeout=KEEP)) as http:
            yield http
