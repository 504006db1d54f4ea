"""A request as it arrives: which kind it is, by method and path as the routers further in see them; its body and size.

The size limit holds for the head, and for the body by what the client announces and by what it really sends.
"""

import re

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.refusal import Refusal, refuse

FIELDS = 256  # header fields at most; every look-up goes through all of them
_DIGITS = 15  # a longer number is over any limit, and costly to read

_HEALTH = ("/health", "/health/ready")
_PAGE = re.compile(r"/|/page/.+")
_INSIDE = "/noauth"  # LangGraph's root path for requests of its own process; no client can set a root path


def is_public(scope: Scope) -> bool:
    """Whether it is answered without a key: health, and the files of the page."""
    public = is_health(scope) or _PAGE.fullmatch(path_of(scope)) is not None
    return public and scope.get("method") in ("GET", "HEAD")


def is_health(scope: Scope) -> bool:
    """Whether it asks for the health, which is answered even while the server stops."""
    return path_of(scope) in _HEALTH


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks for permission first (CORS): it cannot send a key with that, and gets no data for it."""
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
    """The path below the one that the server is mounted at."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def read_body(receive: Receive) -> bytes:
    """All of the body, before the request gets a place: a slow sender holds up only itself. Raises ClientDisconnect."""
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns the body, then what else comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


async def until_left(receive: Receive) -> None:
    """Wait until the client hangs up, which has nothing more to send."""
    while (await receive())["type"] != "http.disconnect":
        pass


class SizeLimit:
    """Refuses bodies of more than `limit` bytes with 413. At most that much of one is ever passed on.

    A head of more than `head` bytes, which another server than ours may let through, is 431.
    """

    def __init__(self, app: ASGIApp, *, limit: int, head: int = 65_536) -> None:
        self.app = app
        self.limit = limit
        self.head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not too large."""
        if scope["type"] != "http" or not is_outside(scope):
            return await self.app(scope, receive, send)
        if len(scope["headers"]) > FIELDS or _head_of(scope) > self.head:
            return await refuse(scope, receive, send, self._large_head)
        if self._announced(Headers(scope=scope).get("content-length", "")):
            return await refuse(scope, receive, send, self._refusal)
        body = _Counted(receive, send, self.limit)
        try:
            await self.app(scope, body.receive, body.send)
        except Exception:
            if not body.over:
                raise
        if body.over and not body.answered:
            await refuse(scope, receive, send, self._refusal)
        return None

    def _announced(self, length: str) -> bool:
        return length.isdecimal() and (len(length) > _DIGITS or int(length) > self.limit)

    @property
    def _refusal(self) -> Refusal:
        text = f"The body is too large: expected at most {self.limit} bytes. Ask for less at once."
        return Refusal(413, "size", text, "request_too_large")

    @property
    def _large_head(self) -> Refusal:
        text = f"The head is too large: expected at most {self.head} bytes in at most {FIELDS} header fields."
        return Refusal(431, "size", text, "headers_too_large")


def _head_of(scope: Scope) -> int:
    """Bytes of the request line and the header fields, but for what separates them."""
    fields = sum(len(name) + len(value) for name, value in scope["headers"])
    return fields + len(scope["path"]) + len(scope.get("query_string", b""))


class _Counted:
    """The application sees a body that is too long break off; what it replies to that is held back."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self.over = False
        self.answered = False

    async def receive(self) -> Message:
        if self.over:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.over = self._left < 0
        return {"type": "http.disconnect"} if self.over else message

    async def send(self, message: Message) -> None:
        if self.over and not self.answered:
            return
        self.answered = True
        await self._send(message)
