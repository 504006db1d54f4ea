"""Structured logs: one JSON object a line on stderr, for `smacs serve`; LangGraph's server has its own.

What was asked or answered is never logged, and of an unexpected error its type and where it came from, not its text,
which may repeat what was asked; at SMACS_LOG_LEVEL=DEBUG the text is there, too. A key is never logged.
"""

import json
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from smacs.errors import InputError
from smacs.request_id import request_id

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FRAMES = 12  # of a traceback, the innermost
_KEY = re.compile(r"(\bsk-|sk-smacs-|Bearer\s+)[^\s\"']+", re.IGNORECASE)


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
    """A value without anything that looks like a key; before it is JSON, whose escapes are no part of one."""
    if isinstance(value, str):
        return _KEY.sub(r"\1***", value)
    if isinstance(value, dict):
        return {_masked(str(name)): _masked(inner) for name, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list | tuple) else value


def configure() -> None:
    """JSON lines on stderr from now on. Raises InputError for a SMACS_LOG_LEVEL that there is not."""
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
