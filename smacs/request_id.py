"""The id of the request that is being answered: set once where it comes in, read by logs, spans and LLM calls.

A context variable, so that every task which the request starts carries it, and none of another request.
"""

import re
import uuid
from contextvars import ContextVar

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")

request_id: ContextVar[str] = ContextVar("smacs_request_id", default="")
"""Empty where nobody asked over HTTP."""


def accept(given: str | None) -> str:
    """The id that a client gave where it is sane (1 to 128 of A-Z a-z 0-9 . _ -), else a new one."""
    return given if given is not None and _SANE.fullmatch(given) else uuid.uuid4().hex


def id_headers() -> dict[str, str]:
    """The header that tells an endpoint on whose behalf it is asked; empty where nobody asked over HTTP.

    Each call gets an id of its own that begins with the request's: vLLM takes it for its own, and breaks over two calls
    with the same one.
    """
    mine = request_id.get()
    return {HEADER: f"{mine}-{uuid.uuid4().hex[:8]}"} if mine else {}
