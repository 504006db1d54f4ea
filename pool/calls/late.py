"""Transports of the openai client that open nothing before the first request.

Most calls go past the openai client (`smacs.pool.calls.transport`): what it would connect with, and through which
proxy, is looked up only where it is used.
"""

import httpx2

from smacs.pool.calls.clients import tls
from smacs.pool.calls.proxies import is_socks, proxy_of, without_socks
from smacs.pool.calls.urls import Address


class LateTransport(httpx2.AsyncBaseTransport):
    """An async transport made at the first request, for the proxy of its URL; `address` adds login and query."""

    def __init__(self, address: Address | None) -> None:
        self._address = address
        self._made: dict[str | None, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises PoolError for a proxy that cannot be used."""
        proxy = proxy_of(str(request.url))
        if proxy not in self._made:
            try:
                self._made[proxy] = httpx2.AsyncHTTPTransport(verify=tls(), proxy=proxy)
            except ImportError as error:
                raise _unusable(proxy, error) from error
        return await self._made[proxy].handle_async_request(addressed(request, self._address))

    async def aclose(self) -> None:
        """Close what was opened."""
        for made in self._made.values():
            await made.aclose()


class LateSyncTransport(httpx2.BaseTransport):
    """`LateTransport` for sync calls."""

    def __init__(self, address: Address | None) -> None:
        self._address = address
        self._made: dict[str | None, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it. Raises PoolError for a proxy that cannot be used."""
        proxy = proxy_of(str(request.url))
        if proxy not in self._made:
            try:
                self._made[proxy] = httpx2.HTTPTransport(verify=tls(), proxy=proxy)
            except ImportError as error:
                raise _unusable(proxy, error) from error
        return self._made[proxy].handle_request(addressed(request, self._address))

    def close(self) -> None:
        """Close what was opened."""
        for made in self._made.values():
            made.close()


def addressed(request: httpx2.Request, address: Address | None) -> httpx2.Request:
    """The request with the login and the query of its address."""
    if address is not None and str(request.url).startswith(address.base):
        request.headers.update(address.headers)
        if address.query:
            request.url = request.url.copy_merge_params(dict(address.query))
    return request


def _unusable(proxy: str | None, error: ImportError) -> Exception:
    return without_socks(proxy) if proxy and is_socks(proxy) else error
