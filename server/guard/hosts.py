"""Host names: a page whose own name resolves to 127.0.0.1 (DNS rebinding) must not reach a server without keys.

To the browser such a page and the server are one origin, so that nothing but the name in `Host` tells them apart. An
address in `Host` cannot be rebound: it is accepted where it is a loopback one, or where the request came in at an
address that others reach, too.
"""

from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.refusal import Refusal, refuse
from smacs.server.guard.request import is_health, is_outside

_REFUSAL = Refusal(
    403,
    "host",
    "This server is not known by the name in `Host`. Ask it as localhost or by its address, or let its operator start "
    "it with `--allow-host NAME` (SMACS_SERVER_ALLOW_HOST) or with keys.",
    "host_not_allowed",
)


class CheckHost:
    """Refuses requests under other names than `allowed`, localhost and addresses. Health has no data and is free.

    `*.example.org` allows every name below it, `*` every name.
    """

    def __init__(self, app: ASGIApp, *, allowed: Collection[str]) -> None:
        self.app = app
        self.names = {name.lower().strip("[]") for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request under a name that is allowed."""
        if is_outside(scope) and not is_health(scope):
            hosts = Headers(scope=scope).getlist("host")  # none in HTTP/1.0, which no browser speaks
            if not all(self._allows(name_of(host), scope) for host in hosts):
                return await refuse(scope, receive, send, _REFUSAL)
        return await self.app(scope, receive, send)

    def _allows(self, name: str, scope: Scope) -> bool:
        above = {f"*{name[at:]}" for at, char in enumerate(name) if char == "."}
        return bool(self.names & {name, "*", *above}) or _is_here(name, scope)


def name_of(host: str) -> str:
    """The name or address in a `Host` field, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower().rstrip(".")


def _is_here(name: str, scope: Scope) -> bool:
    """Whether it is localhost, a loopback address, or any address of a server that others reach."""
    if name == "localhost":
        return True
    local, _ = scope.get("server") or ("", None)
    return _is_address(name) and (_is_loopback(name) or not _is_loopback(local))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    return not _is_address(text) or ip_address(text).is_loopback
