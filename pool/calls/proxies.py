"""The way to a server: the proxies that the environment names, or none.

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in lower case too, which wins. NO_PROXY lists hosts, domains, ports,
addresses and networks: `*`, `gpu1`, `.lab.example`, `*.lab.example`, `gpu1:8000`, `10.0.0.0/8`, `[::1]:8000`.
"""

import os
import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from smacs.errors import PoolError
from smacs.pool.calls.urls import shown, with_login

if TYPE_CHECKING:
    import ssl

    from aiohttp import BaseConnector

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.I)
_SOCKS = {"socks": "socks5", "socks4": "socks4", "socks4a": "socks4", "socks5": "socks5", "socks5h": "socks5"}
_PORTS = {"http": 80, "https": 443}
_WITHOUT_SOCKS = (
    "the proxy {proxy} speaks SOCKS, and nothing here does: `pip install 'smacs[socks]'`, or leave this server out "
    "with NO_PROXY, or unset the variable (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY) that names it"
)


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


def socks_connector(proxy: str, connections: int, tls: "ssl.SSLContext") -> "BaseConnector":
    """What takes aiohttp through a SOCKS proxy. Raises PoolError where the package for it is not installed."""
    try:
        from aiohttp_socks import ProxyConnector
    except ImportError as error:
        raise without_socks(proxy) from error
    connector: BaseConnector = ProxyConnector.from_url(proxy, limit=connections, ssl=tls, rdns=True)
    return connector


def without_socks(proxy: str) -> PoolError:
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
    """Whether both are one address; None where one of them is no address."""
    try:
        return ip_address(host) == ip_address(name)
    except ValueError:
        return None
