"""Which requests the guard treats how: by method and path, as the routers further in see them."""

import re

from starlette.types import Scope

_HEALTH = ("/health", "/health/ready")
_PAGE = re.compile(r"/|/page/.+")
_INSIDE = "/noauth"  # LangGraph's root path for requests of its own process; no client can set a root path


def is_public(scope: Scope) -> bool:
    """Whether it is answered without a key: health, and the files of the page."""
    wanted = is_health(scope) or _PAGE.fullmatch(path_of(scope)) is not None
    return wanted and scope.get("method") in ("GET", "HEAD")


def is_health(scope: Scope) -> bool:
    """Whether it is answered also while the server stops."""
    return path_of(scope) in _HEALTH


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks if it may ask: it cannot send a key with that, and gets no data for it."""
    names = {name for name, _ in scope["headers"]}
    return scope.get("method") == "OPTIONS" and {b"origin", b"access-control-request-method"} <= names


def asks(scope: Scope) -> bool:
    """Whether LLMs are called for it, so that it needs a place and has a deadline. LangGraph's runs have their own."""
    return scope.get("method") == "POST" and path_of(scope) == "/v1/chat/completions"


def is_outside(scope: Scope) -> bool:
    """Whether it came over the network: not the start and stop of the server, nor LangGraph calling itself."""
    root = scope.get("root_path", "")
    return scope["type"] in ("http", "websocket") and root != _INSIDE and not root.startswith(f"{_INSIDE}/")


def path_of(scope: Scope) -> str:
    """The path below the folder the server is mounted at."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
