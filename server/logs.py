"""Logs: one JSON object a line on stderr for `smacs serve` (LangGraph's server has its own), one line for each request.

What was asked or answered is never logged. Of an unexpected error the log has the type and where it came from, not the
text, which may repeat what was asked; at SMACS_LOG_LEVEL=DEBUG the text is there, too. A key is never logged.
"""

import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.errors import InputError
from smacs.server.errors import HUNG_UP
from smacs.server.guard.exchange import Exchange
from smacs.server.guard.refusal import WatchedSend
from smacs.server.guard.request import asks, is_health, is_outside, path_of
from smacs.server.metrics import Figures
from smacs.telemetry import request_id, trace_id
from smacs.visible import one_line

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FRAMES = 12  # of a traceback, the innermost
LONGEST = 200  # characters of a path
_KEY = re.compile(r"(\bsk-|sk-smacs-|Bearer\s+)[^\s\"']+", re.IGNORECASE)

log = logging.getLogger("smacs.access")


class JsonLines(logging.Formatter):
    """A record as one line of JSON; `extra={"fields": {...}}` adds to it. `texts`: with the texts of errors."""

    def __init__(self, *, texts: bool = False) -> None:
        super().__init__()
        self._texts = texts

    def format(self, record: logging.LogRecord) -> str:
        """The line, anything that looks like a key masked."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if mine := request_id.get():
            line["request_id"] = mine
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= self._error(record.exc_info[1])
        return json.dumps(_masked(line), default=lambda value: _masked(str(value)))

    def _error(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        text = {"error_text": str(error)} if self._texts else {}
        return {"error": type(error).__name__, **text, "where": where}


def _masked(value: Any) -> Any:
    """A value without anything that looks like a key, before it becomes JSON with its escapes."""
    if isinstance(value, str):
        return _KEY.sub(r"\1***", value)
    if isinstance(value, dict):
        return {_masked(str(name)): _masked(inner) for name, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list | tuple) else value


def configure() -> None:
    """Log as JSON lines on stderr from now on. Raises InputError for an unknown SMACS_LOG_LEVEL."""
    level = (os.environ.get("SMACS_LOG_LEVEL") or "INFO").upper()
    if level not in LEVELS:
        raise InputError(f"SMACS_LOG_LEVEL: expected one of {', '.join(LEVELS)}, got {level!r}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(texts=level == "DEBUG"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for own in ("smacs", "uvicorn"):
        logging.getLogger(own).setLevel(level)


def is_probe(scope: MutableMapping[str, Any]) -> bool:
    """Whether it is one of the requests that machines repeat every few seconds: health and metrics."""
    return scope["type"] == "http" and (is_health(scope) or path_of(scope) == "/metrics")


SPANS: TelemetryConfig = {
    "operation_spans": False,  # of each dependency and serialization
    "logs": False,  # they repeat the texts of errors
    "exclude": is_probe,
}


class AccessLog:
    """Counts and logs every request when it is over. The outermost middleware, so that refused ones are included."""

    def __init__(self, app: ASGIApp, *, figures: Figures) -> None:
        self.app = app
        self.figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then count and log it."""
        if scope["type"] != "http" or not is_outside(scope):
            return await self.app(scope, receive, send)
        reply, otherwise = WatchedSend(send), HUNG_UP
        try:
            with self.figures.in_flight.track_inprogress():
                await self.app(scope, receive, reply)
        except Exception:
            otherwise = 500  # what Starlette answers, further out
            raise
        finally:
            exchange: Exchange = scope["state"]["exchange"]
            status, seconds = reply.status or otherwise, time.monotonic() - exchange.started
            self.figures.request_ended(exchange.model, status, seconds if asks(scope) else None, exchange.refused)
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
