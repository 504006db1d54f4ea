"""Size limit: by what the client announces, and by what it really sends."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.paths import is_outside
from smacs.server.guard.refusal import Refusal, refuse

_DIGITS = 15  # a longer number is over any limit, and costly to read


class SizeLimit:
    """Refuse bodies of more than `limit` bytes with 413. At most that much of one is ever handed on."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a body that is not too long."""
        if scope["type"] != "http" or not is_outside(scope):
            return await self.app(scope, receive, send)
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
