"""Size limit, of the head, and of the body by what the client announces and by what it really sends."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.paths import is_outside
from smacs.server.guard.refusal import Refusal, refuse

FIELDS = 256  # header fields; every look for one goes through all of them
_DIGITS = 15  # a longer number is over any limit, and costly to read


class SizeLimit:
    """Refuse bodies of more than `limit` bytes with 413. At most that much of one is ever handed on.

    A head of more than `head` bytes, which another server than ours may let through, is 431.
    """

    def __init__(self, app: ASGIApp, *, limit: int, head: int = 65_536) -> None:
        self.app = app
        self.limit = limit
        self.head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a body that is not too long."""
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
    """For the application a body that is too long breaks off; what it says about that is held back."""

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
