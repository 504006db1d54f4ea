"""`/metrics` for Prometheus: requests, the queue, and every call of an LLM.

Label values come from fixed sets (models, LLMs, statuses, reasons), never from what a client wrote.
"""

import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.pool.calls.replies import Failure, Reply
from smacs.server.engine import Engine
from smacs.server.guard.exchange import charge, current
from smacs.server.guard.queue import Queue
from smacs.server.guard.request import path_of

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
EARLY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

DEGRADED = {  # how the graph's reasons begin -> kind
    "a referencer failed": "referencer_failed",
    "only ": "references_missing",
    "the reference of ": "reference_cut",
    "an aggregator failed": "aggregator_failed",
    "no candidate could be made": "no_candidate",
    "the similarity term is left out": "no_similarity",
    "the perplexity term is left out": "no_perplexity",
    "the support is the whole bank": "no_support",
    "not all of a reply could be read": "reply_unread",
}


def install(app: FastAPI, engine: Engine) -> "Figures":
    """Count what the application and its LLMs do, and answer `/metrics`. Returns what is counted."""
    figures = Figures(app.state.queue)
    engine.observers.append(partial(_observe, figures))
    for llm in engine.pool.llms.values():
        llm.watchers += [watcher for watcher in (charge, figures.call_ended) if watcher not in llm.watchers]
    app.user_middleware.append(Middleware(Scrape, registry=figures.registry))  # within the guard
    return figures


class Figures:
    """What is counted, in a registry of its own. The queue is read when somebody asks."""

    def __init__(self, queue: Queue) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter("smacs_requests", "Requests by model and status.", ["model", "status"], registry=own)
        self.seconds = Histogram(
            "smacs_request_seconds",
            "From a question to its reply's end.",
            ["model"],
            buckets=SECONDS,
            registry=own,
        )
        self.first_progress = Histogram(
            "smacs_first_progress_seconds", "From a question to its first event.", buckets=EARLY, registry=own
        )
        self.refused = Counter("smacs_refused", "Requests not let through, or cut off.", ["reason"], registry=own)
        self.in_flight = Gauge("smacs_requests_in_flight", "Requests being answered or waiting.", registry=own)
        _read("smacs_queue_running", "Questions that have a place.", own, queue, "running")
        _read("smacs_queue_waiting", "Questions that wait for a place.", own, queue, "waiting")
        self.degraded = Counter("smacs_degraded", "Answers that are less than could be.", ["kind"], registry=own)
        self.calls = Counter("smacs_llm_calls", "Calls of LLMs, failed ones too.", ["llm"], registry=own)
        self.failures = Counter("smacs_llm_failures", "Calls of LLMs that failed.", ["llm", "kind"], registry=own)
        self.tokens = Counter("smacs_llm_tokens", "Tokens: prompt, completion.", ["llm", "kind"], registry=own)
        self.call_seconds = Histogram(
            "smacs_llm_call_seconds", "LLM calls that succeeded.", ["llm"], buckets=SECONDS, registry=own
        )

    def request_ended(self, model: str, status: int, seconds: float | None, refused: str) -> None:
        """A request has ended; `seconds` where it was a question."""
        self.requests.labels(model or "none", str(status)).inc()
        if seconds is not None and not refused:
            self.seconds.labels(model or "none").observe(seconds)
        if refused:
            self.refused.labels(refused).inc()

    def call_ended(self, result: Reply | Failure) -> None:
        """A call of an LLM has ended."""
        self.calls.labels(result.llm).inc()
        if isinstance(result, Failure):
            self.failures.labels(result.llm, result.kind).inc()
            return
        self.call_seconds.labels(result.llm).observe(result.seconds)
        self.tokens.labels(result.llm, "prompt").inc(result.prompt_tokens)
        self.tokens.labels(result.llm, "completion").inc(result.completion_tokens)

    def answered(self, degraded: Iterable[str]) -> None:
        """A run has ended with these reasons; each kind counts once."""
        for kind in {kind_of(reason) for reason in degraded}:
            self.degraded.labels(kind).inc()


def kind_of(reason: str) -> str:
    """The kind of a reason why an answer is degraded; "other" for a rare one."""
    return next((kind for start, kind in DEGRADED.items() if reason.startswith(start)), "other")


def _read(name: str, text: str, registry: CollectorRegistry, queue: Queue, field: str) -> None:
    Gauge(name, text, registry=registry).set_function(lambda: float(getattr(queue, field)))


class Scrape:
    """The answer to `GET /metrics`; on LangGraph's server its own figures come first, in the same reply.

    LangGraph puts a `/metrics` of its own before every route of ours, so that this is a middleware.
    """

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
        """What the application itself answers here; nothing where it has no such path."""
        status, parts = 0, []

        async def keep(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        return b"".join(parts) if status == 200 else b""


def _observe(figures: Figures, _model: str, event: dict[str, Any]) -> None:
    """Count an event of a run: the first one of a request is the client's first sign of progress."""
    exchange = current()
    if exchange is not None and not exchange.progress:
        exchange.progress = True
        figures.first_progress.observe(time.monotonic() - exchange.started)
    if event["event"] == "result":
        figures.answered(event["result"].get("degraded", []))
