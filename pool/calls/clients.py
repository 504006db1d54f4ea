"""HTTP clients, one for each event loop: a connection pool cannot outlive or leave the loop it was used in.

All share one TLS context: loading the certificates is what costs when a client is made.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from smacs.pool.calls.urls import Address

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from httpx2 import Client as SyncClient

Client = TypeVar("Client")


class PerLoop(Generic[Client]):
    """`make()` once for each running event loop; closed with the loop, or earlier by `aclose` or with this object."""

    def __init__(self, make: Callable[[], Client], close: Callable[[Client], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._clients: dict[asyncio.AbstractEventLoop, Client] = {}
        self._ends: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}

    def get(self) -> Client:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._make()
            end = self._ends[loop] = self._until_the_end(loop, client)
            with suppress(StopIteration):
                anext(end).send(None)  # to its `yield`, where the loop finds it at its end
        return client

    async def aclose(self) -> None:
        """Close the client of the running loop, if there is one."""
        end = self._ends.get(asyncio.get_running_loop())
        if end is not None:
            await end.aclose()

    async def _until_the_end(self, loop: asyncio.AbstractEventLoop, client: Client) -> AsyncGenerator[None, None]:
        """Ended by `aclose`, or by the loop: it ends what nobody holds any more, and at its own end all the rest."""
        try:
            yield
        finally:
            del self._clients[loop], self._ends[loop]
            await self._close(client)


def async_http(address: Address | None = None) -> "AsyncClient":
    """A new async HTTP client for the openai client; deadlines are its caller's, a login is the address's."""
    from openai import DefaultAsyncHttpxClient

    from smacs.pool.calls.late import LateTransport

    return DefaultAsyncHttpxClient(
        timeout=None, transport=LateTransport(address), trust_env=False, follow_redirects=False
    )


@cache
def sync_http(address: Address | None = None) -> "SyncClient":
    """The HTTP client of all sync calls to an address."""
    from openai import DefaultHttpxClient

    from smacs.pool.calls.late import LateSyncTransport

    return DefaultHttpxClient(
        timeout=None, transport=LateSyncTransport(address), trust_env=False, follow_redirects=False
    )


@cache
def tls() -> ssl.SSLContext:
    """The TLS context of this process."""
    return ssl.create_default_context()
