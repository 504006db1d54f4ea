"""The answer to `GET /metrics`; on LangGraph's server its own figures come first, in the same reply.

LangGraph puts a `/metrics` of its own before every route of ours, so that this is a middleware.
"""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.paths import path_of


class Scrape:
    """Answer with the figures of a registry."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry) -> None:
        self.app = app
        self.registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a scrape."""
        if scope["type"] != "http" or scope["method"] != "GET" or path_of(scope) != "/metrics":
            return await self.app(scope, receive, send)
        body = await self._others(scope, receive) + generate_latest(self.registry)
        return await Response(body, media_type=CONTENT_TYPE_PLAIN_0_0_4)(scope, receive, send)

    async def _others(self, scope: Scope, receive: Receive) -> bytes:
        """What the application itself says here; nothing where it has no such path."""
        status, parts = 0, []

        async def keep(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        return b"".join(parts) if status == 200 else b""
