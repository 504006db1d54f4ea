"""Refusals: a request is not let through, or is cut off, and the client reads why, in OpenAI's shape."""

import math
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from smacs.server.errors import ApiError, error_body, error_response
from smacs.server.lines import DONE, event_line

Reason = Literal["size", "upload", "key", "rate", "running", "tokens", "queue", "deadline", "draining", "host"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Status, text and code for the client; `reason` for the metrics; `retry_after` in seconds where waiting helps."""

    status: int
    reason: Reason
    message: str
    code: str
    retry_after: float | None = None

    @property
    def error(self) -> ApiError:
        """The refusal as an error of the server."""
        return ApiError(self.message, status=self.status, code=self.code)

    @property
    def headers(self) -> dict[str, str]:
        """Header fields that go with it."""
        fields = {}
        if self.status == 401:
            fields["WWW-Authenticate"] = 'Bearer realm="smacs"'
        if self.status in (408, 413, 431):  # the rest of the body is not read
            fields["Connection"] = "close"
        if self.retry_after is not None:
            fields["Retry-After"] = str(max(math.ceil(self.retry_after), 1))
        return fields


class WatchedSend:
    """A `send` that keeps track of the reply: its status (0: none sent yet), whether it streams, whether it is over."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.streams = False
        self.finished = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.streams = Headers(scope=message).get("content-type", "").startswith("text/event-stream")
        elif message["type"] == "http.response.body":
            self.finished = not message.get("more_body", False)
        await self._send(message)


async def refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    """Answer with the refusal and nothing else."""
    await refusal_response(scope, refusal)(scope, receive, send)


def refusal_response(scope: Scope, refusal: Refusal) -> Response:
    """The refusal as a reply; metrics and log get its reason."""
    _note(scope, refusal)
    return error_response(refusal.error, refusal.headers)


async def cut_off(scope: Scope, receive: Receive, reply: WatchedSend, refusal: Refusal) -> None:
    """End a reply that may have begun: as a refusal, or as the last events of a stream."""
    if not reply.status:
        return await refuse(scope, receive, reply, refusal)
    _note(scope, refusal)
    if reply.streams and not reply.finished:
        await reply({"type": "http.response.body", "body": event_line(error_body(refusal.error)[1]) + DONE})
    return None


def _note(scope: Scope, refusal: Refusal) -> None:
    exchange = scope.get("state", {}).get("exchange")
    if exchange is not None:
        exchange.refused = refusal.reason
