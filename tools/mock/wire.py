"""HTTP/1.1 as far as the mock needs it, straight on asyncio: its CPU must not show in its clients' figures.

A request is answered without a task of its own. Keep-alive, one request at a time per connection, no chunked
requests.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MAX_HEAD = 65_536
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `head` is the raw request line with the headers."""

    method: str
    path: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, empty when it was not sent."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name:
                return value.strip().decode("latin-1")
        return ""


@dataclass(slots=True)
class Answer:
    """What goes back `latency` seconds later; `done(lost)` is called when it is sent or its client left."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: str = ""
    latency: float = 0.0
    ending: Literal["whole", "half", "closed", "never"] = "whole"
    done: Callable[[bool], None] | None = None

    def head(self) -> bytes:
        """Status line and headers."""
        return (
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Error')}\r\ncontent-type: {self.kind}\r\n"
            f"content-length: {len(self.body)}\r\n{self.headers}\r\n"
        ).encode("latin-1")


class Wire(asyncio.Protocol):
    """One connection; `handle` turns each request into an answer."""

    def __init__(self, handle: Callable[[Request], Answer]) -> None:
        self.handle = handle
        self.buffer = bytearray()
        self.pending: Answer | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The client has left, or we closed."""
        self._finish(lost=True)

    def data_received(self, data: bytes) -> None:
        """Answer the request as soon as all of it is there."""
        self.buffer += data
        self._next()

    def _next(self) -> None:
        if self.pending is not None or (request := self._take()) is None:
            return
        self.pending = answer = self.handle(request)
        if answer.latency > 0:
            asyncio.get_running_loop().call_later(answer.latency, self._send, answer)
        else:
            self._send(answer)

    def _take(self) -> Request | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > MAX_HEAD:
                self.transport.abort()
            return None
        head = bytes(self.buffer[:end])
        at = head.lower().find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        start, stop = end + 4, end + 4 + length
        if len(self.buffer) < stop:
            return None
        body = bytes(self.buffer[start:stop])
        del self.buffer[:stop]
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        return Request(method, target.split("?", 1)[0], head, body)

    def _send(self, answer: Answer) -> None:
        if answer is not self.pending or answer.ending == "never":
            return
        if answer.ending == "closed":
            self._finish(lost=False)
            self.transport.abort()
            return
        half = answer.ending == "half"
        self.transport.write(answer.head() + (answer.body[: len(answer.body) // 2] if half else answer.body))
        self._finish(lost=False)
        if half:
            self.transport.close()
        else:
            self._next()

    def _finish(self, *, lost: bool) -> None:
        answer, self.pending = self.pending, None
        if answer is not None and answer.done is not None:
            answer.done(lost)
