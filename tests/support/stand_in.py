"""A stand-in for somebody's server: it refuses what a test says, and answers 84 to the rest."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Body = dict[str, Any]
Refuse = Callable[[Body], tuple[int, Any] | None]


@dataclass
class Endpoint:
    """What a stand-in was sent: the bodies, and the paths that were looked at."""

    url: str = ""
    bodies: list[Body] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@asynccontextmanager
async def endpoint(refuse: Refuse, pages: Mapping[str, Any] | None = None) -> AsyncIterator[Endpoint]:
    """Serve on loopback: a refusal is (status, JSON or text), None an answer; `pages` are what a GET gives."""
    seen = Endpoint()

    async def chat(request: web.Request) -> web.Response:
        body = await request.json()
        seen.bodies.append(body)
        seen.headers.append(request.headers)
        if refusal := refuse(body):
            status, said = refusal
            text = said if isinstance(said, str) else json.dumps(said)
            return web.Response(text=text, status=status, content_type="application/json")
        count = body.get("n", 1)
        choices = [{"index": i, "message": {"content": "84"}, "finish_reason": "stop"} for i in range(count)]
        return web.json_response({"choices": choices, "usage": {"prompt_tokens": 20, "completion_tokens": count}})

    async def page(request: web.Request) -> web.Response:
        seen.paths.append(request.path)
        found = (pages or {}).get(request.path)
        return web.json_response(found) if found is not None else web.Response(status=404)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    seen.url = f"http://{host}:{port}/v1"
    try:
        yield seen
    finally:
        await runner.cleanup()
