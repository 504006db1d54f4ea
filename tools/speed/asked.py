"""The server's side of the comparison: a client that asks it over HTTP, as light as one can be."""

import asyncio
from contextlib import AbstractAsyncContextManager

import orjson
from aiohttp import ClientResponse, ClientSession, ClientTimeout

SMACS = {"model": "smacs"}


class Asked:
    """Asks the server at `url` (without /v1)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: ClientSession | None = None

    async def ask(self, question: str) -> None:
        """One question, answered whole. Raises RuntimeError for anything else, and for a degraded answer."""
        async with self._post(question, stream=False) as reply:
            body = orjson.loads(await reply.read())
        if reply.status != 200 or body["smacs"]["degraded"]:
            raise RuntimeError(f"the mock answered, but the server says {reply.status}: {body}")

    async def first_progress(self, question: str) -> float:
        """Seconds until the first event of the run is here; the rest of the stream is read."""
        loop = asyncio.get_running_loop()
        start, first = loop.time(), None
        async with self._post(question, stream=True) as reply:
            async for line in reply.content:
                if first is None and b"reasoning_content" in line:
                    first = loop.time() - start
        if first is None:
            raise RuntimeError(f"the stream has no progress: {reply.status}")
        return first

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _post(self, question: str, *, stream: bool) -> AbstractAsyncContextManager[ClientResponse]:
        if self._session is None:
            self._session = ClientSession(self._url, timeout=ClientTimeout(total=None), trust_env=False)
        messages = [{"role": "user", "content": question}]
        return self._session.post("/v1/chat/completions", json=SMACS | {"messages": messages, "stream": stream})
