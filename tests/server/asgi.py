"""An ASGI server in a few lines, for requests that no HTTP client would send."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CHAT = "/v1/chat/completions"


@dataclass
class Call:
    """One request to an application, and what came back so far."""

    app: ASGIApp
    path: str = CHAT
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Sequence[bytes] = (b"{}",)
    root: str = ""
    sent: list[Message] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> "Call":
        """Until the application returns."""
        await self.app(self.scope, self._receive(), self._send)
        return self

    @property
    def scope(self) -> Scope:
        return {
            "type": "http",
            "method": self.method,
            "path": self.path,
            "root_path": self.root,
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items()],
        }

    @property
    def status(self) -> int:
        return next((m["status"] for m in self.sent if m["type"] == "http.response.start"), 0)

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.sent)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.body)["error"]
        return found

    def header(self, name: str) -> str | None:
        (start,) = (m for m in self.sent if m["type"] == "http.response.start")
        return next((v.decode() for k, v in start["headers"] if k.decode().lower() == name.lower()), None)

    def _receive(self) -> Receive:
        rest = list(self.chunks)

        async def receive() -> Message:
            if rest:
                return {"type": "http.request", "body": rest.pop(0), "more_body": bool(rest)}
            await self.left.wait()
            return {"type": "http.disconnect"}

        return receive

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


async def whole(receive: Receive) -> bytes:
    """All of a body, and nothing of one that breaks off."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts.append(message["body"])
        more = message["more_body"]
    return b"".join(parts)


def answering(work: Callable[[Scope, Receive], Awaitable[bytes]]) -> ASGIApp:
    """An application that answers 200 with what `work` gives."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await work(scope, receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


async def echo(_: Scope, receive: Receive) -> bytes:
    return await whole(receive)


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)
