"""JSON and server-sent events on one line each: no character in them ends a line for any reader.

JSON leaves U+2028, U+2029 and U+0085 as they are, but readers that split lines as Python's `splitlines` does, httpx'
among them, take each for the end of an event.
"""

from typing import Any

import msgspec
from starlette.responses import JSONResponse

DONE = b"data: [DONE]\n\n"
_ENDS = {char.encode(): f"\\u{ord(char):04x}".encode() for char in "\u2028\u2029\u0085"}

_encoder = msgspec.json.Encoder()


def json_line(value: Any) -> bytes:
    """JSON on one line, however a reader splits lines."""
    return _safe(_encoder.encode(value))


def event_line(value: Any) -> bytes:
    """A server-sent event."""
    return b"data: " + json_line(value) + b"\n\n"


class OneLine(JSONResponse):
    """A JSON reply, for routes that return plain data."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return _safe(super().render(content))


def _safe(body: bytes) -> bytes:
    for char, escape in _ENDS.items():
        body = body.replace(char, escape)
    return body
