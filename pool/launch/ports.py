"""Loopback ports of servers: those that the pool file names, and free ones."""

import socket
from collections.abc import Container
from ipaddress import ip_address
from urllib.parse import urlsplit

from smacs.pool.config import LLMSpec

HOST = "127.0.0.1"


def is_here(spec: LLMSpec) -> bool:
    """Whether its servers belong on this machine: it has a `launch`, and no endpoint that is elsewhere."""
    return spec.launch is not None and all(_is_loopback(url) for url in spec.urls)


def port_of(spec: LLMSpec, copy: int, taken: Container[int]) -> int:
    """The port of the `copy`-th server: that of the endpoint in the same place, else a free one that is not `taken`."""
    if copy < len(spec.urls):
        return urlsplit(spec.urls[copy]).port or 80
    while True:
        with socket.create_server((HOST, 0)) as listener:
            port: int = listener.getsockname()[1]
        if port not in taken:
            return port


def is_taken(port: int) -> bool:
    """Whether somebody listens there already."""
    try:
        with socket.create_server((HOST, port)):
            return False
    except OSError:
        return True


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
