"""How a server is reached: the environment's proxies, one TLS context, a session or HTTP client for each event loop.

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY count, in lower case too, which wins. NO_PROXY lists hosts, domains,
ports, addresses and networks: `*`, `gpu1`, `.lab.example`, `*.lab.example`, `gpu1:8000`, `10.0.0.0/8`, `[::1]:8000`.

Most calls go over an aiohttp session (`smacs.pool.calls.transport`). The openai client is there for the rest; what it
would connect with is made only at its first request.
"""

import asyncio
import os
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from functools import cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

from smacs.errors import PoolError
from smacs.pool.calls.urls import Address, shown, with_login

if TYPE_CHECKING:
    from aiohttp import BaseConnector

Client = TypeVar("Client")

_CONNECT = 10.0  # seconds to connect; the rest of the deadline is the caller's
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)
_SOCKS = {"socks": "socks5", "socks4": "socks4", "socks4a": "socks4", "socks5": "socks5", "socks5h": "socks5"}
_PORTS = {"http": 80, "https": 443}
_WITHOUT_SOCKS = (
    "the proxy {proxy} speaks SOCKS, and nothing here does: `pip install 'smacs[socks]'`, or leave this server out "
    "with NO_PROXY, or unset the variable (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY) that names it"
)


class PerLoop(Generic[Client]):
    """`make()` once for each event loop: a connection pool cannot outlive or leave the loop it was used in.

    Each client is closed with its loop, or earlier by `aclose` or with this object.
    """

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
        """Closes the client when it is ended: by `aclose`, by the loop, or because nobody holds it any more."""
        try:
            yield
        finally:
            del self._clients[loop], self._ends[loop]
            await self._close(client)


def new_session(connections: int, url: str) -> ClientSession:
    """A session of the running event loop with at most `connections` to the server at `url`.

    The environment's proxy is looked up here, once: aiohttp would do it in a thread for each request. Raises PoolError
    for one that cannot be used.
    """
    proxy = proxy_of(url)
    timeout = ClientTimeout(total=None, sock_connect=_CONNECT)
    if proxy is not None and is_socks(proxy):
        return ClientSession(connector=_socks_connector(proxy, connections), timeout=timeout)
    connector = TCPConnector(limit=connections, ssl=tls())
    return ClientSession(connector=connector, timeout=timeout, proxy=proxy)


def async_http(address: Address | None = None) -> httpx2.AsyncClient:
    """A new async HTTP client for the openai client; deadlines are its caller's, a login is the address's."""
    return DefaultAsyncHttpxClient(
        timeout=None, transport=LateTransport(address), trust_env=False, follow_redirects=False
    )


@cache
def sync_http(address: Address | None = None) -> httpx2.Client:
    """The HTTP client of all sync calls to an address."""
    return DefaultHttpxClient(
        timeout=None, transport=LateSyncTransport(address), trust_env=False, follow_redirects=False
    )


@cache
def tls() -> ssl.SSLContext:
    """The TLS context of this process: loading certificates is the slow part of making a client."""
    return ssl.create_default_context()


def proxy_of(url: str) -> str | None:
    """The environment's proxy for a server, as a URL with http, https, socks4 or socks5; None where there is none.

    Raises PoolError for one that cannot be used.
    """
    parts = urlsplit(url)
    found = getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or _is_near(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)):
        return None
    proxy = with_login(proxy if _SCHEME.match(proxy) else f"http://{proxy}")
    scheme, _, rest = proxy.partition("://")
    scheme = _SOCKS.get(scheme.lower(), scheme.lower())
    if scheme not in ("http", "https", "socks4", "socks5") or not _has_host(f"{scheme}://{rest}"):
        raise PoolError(
            f"the environment's proxy {shown(proxy)} cannot be used: expected http://host:port, https:// or socks5://"
        )
    return f"{scheme}://{rest}"


def is_socks(proxy: str | None) -> bool:
    """Whether a proxy of `proxy_of` speaks SOCKS."""
    return proxy is not None and proxy.startswith("socks")


def _socks_connector(proxy: str, connections: int) -> "BaseConnector":
    """Connects aiohttp through a SOCKS proxy. Raises PoolError where the package for it is not installed."""
    try:
        from aiohttp_socks import ProxyConnector
    except ImportError as error:
        raise _without_socks(proxy) from error
    connector: BaseConnector = ProxyConnector.from_url(proxy, limit=connections, ssl=tls(), rdns=True)
    return connector


def _without_socks(proxy: str) -> PoolError:
    """The error of a SOCKS proxy that cannot be used here."""
    return PoolError(_WITHOUT_SOCKS.format(proxy=shown(proxy)))


def _has_host(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        return False


def _is_near(host: str, port: int) -> bool:
    """Whether the server is reached without a proxy."""
    listed = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    return any(_matches(entry, host.lower(), port) for entry in re.split(r"[,\s]+", listed.lower()) if entry) or bool(
        proxy_bypass(host)
    )


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    if "/" in entry and "://" not in entry:
        return _is_within(host, entry)
    bare = entry if entry.count(":") < 2 or "[" in entry else f"[{entry}]"  # an IPv6 address without a port
    try:
        parts = urlsplit(bare if "://" in bare else f"//{bare}")
        name, wanted = parts.hostname or "", parts.port
    except ValueError:
        return False
    if wanted not in (None, port):
        return False
    if (same := _same_address(host, name)) is not None:
        return same
    name = name.removeprefix("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _is_within(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _same_address(host: str, name: str) -> bool | None:
    """Whether both are the same address; None if one of them is no address."""
    try:
        return ip_address(host) == ip_address(name)
    except ValueError:
        return None


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
        return await self._made[proxy].handle_async_request(_addressed(request, self._address))

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
        return self._made[proxy].handle_request(_addressed(request, self._address))

    def close(self) -> None:
        """Close what was opened."""
        for made in self._made.values():
            made.close()


def _addressed(request: httpx2.Request, address: Address | None) -> httpx2.Request:
    """The request with the login and the query of its address."""
    if address is not None and str(request.url).startswith(address.base):
        request.headers.update(address.headers)
        if address.query:
            request.url = request.url.copy_merge_params(dict(address.query))
    return request


def _unusable(proxy: str | None, error: ImportError) -> Exception:
    return _without_socks(proxy) if proxy and is_socks(proxy) else error
