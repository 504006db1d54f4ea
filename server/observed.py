"""Every request observed: figures and one line of the log when it is over, and the span that FastAPI makes for it."""

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.figures import Figures
from smacs.server.guard.exchange import Exchange
from smacs.server.guard.paths import asks, is_health, is_outside, path_of
from smacs.server.guard.reply import FAILED, HUNG_UP, Reply
from smacs.telemetry import trace_id
from smacs.visible import one_line

LONGEST = 200  # characters of a path

log = logging.getLogger("smacs.access")


def is_probe(scope: MutableMapping[str, Any]) -> bool:
    """Whether a machine asks every few seconds how it goes: health and metrics."""
    return scope["type"] == "http" and (is_health(scope) or path_of(scope) == "/metrics")


SPANS: TelemetryConfig = {
    "operation_spans": False,  # of each dependency and serialization
    "logs": False,  # they repeat the texts of errors
    "exclude": is_probe,
}


class Observed:
    """The outermost middleware, so that refused requests are counted and logged as well."""

    def __init__(self, app: ASGIApp, *, figures: Figures) -> None:
        self.app = app
        self.figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and tell of it."""
        if scope["type"] != "http" or not is_outside(scope):
            return await self.app(scope, receive, send)
        reply, otherwise = Reply(send), HUNG_UP
        try:
            with self.figures.in_flight.track_inprogress():
                await self.app(scope, receive, reply)
        except Exception:
            otherwise = FAILED  # what Starlette answers, further out
            raise
        finally:
            exchange: Exchange = scope["state"]["exchange"]
            status, seconds = reply.status or otherwise, time.monotonic() - exchange.started
            self.figures.ended(exchange.model, status, seconds if asks(scope) else None, exchange.refused)
            _log(scope, exchange, status, seconds)
        return None


def _log(scope: Scope, exchange: Exchange, status: int, seconds: float) -> None:
    method, path = scope["method"], one_line(path_of(scope)[:LONGEST])
    fields = {"method": method, "path": path, "status": status, "seconds": round(seconds, 3)}
    known = {
        "model": exchange.model,
        "key": exchange.key,
        "calls": exchange.calls,
        "tokens": exchange.tokens,
        "refused": exchange.refused,
        "request_id": exchange.request_id,
        "trace_id": trace_id(),
    }
    fields |= {name: value for name, value in known.items() if value}
    log.log(
        logging.DEBUG if is_probe(scope) else logging.INFO, "%s %s %s", method, path, status, extra={"fields": fields}
    )
