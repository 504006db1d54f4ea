"""What is known about the request that is being answered: one account for limits, metrics and the log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from smacs.pool.replies import Failure, Reply


@dataclass(slots=True)
class Exchange:
    """One request, and what it has cost so far: LLM calls, failed ones too, and their tokens.

    `key` is the name of its key, `model` what it asked for, `refused` why the guard did not let it through; empty
    until known. `started` is on the monotonic clock, `progress` says whether a run of it has told of anything yet.
    """

    request_id: str
    key: str = ""
    model: str = ""
    refused: str = ""
    calls: int = 0
    tokens: int = 0
    progress: bool = False
    started: float = field(default_factory=time.monotonic)


_current: ContextVar[Exchange | None] = ContextVar("smacs_exchange", default=None)


@contextmanager
def begin(exchange: Exchange) -> Iterator[None]:
    """Make it the current one of this task and all that it starts."""
    token = _current.set(exchange)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Exchange | None:
    """The request that the running task works for; None where nobody asked over HTTP."""
    return _current.get()


def charge(result: Reply | Failure) -> None:
    """Count an LLM call for the request that it was made for."""
    exchange = _current.get()
    if exchange is None:
        return
    exchange.calls += 1
    if isinstance(result, Reply):
        exchange.tokens += result.prompt_tokens + result.completion_tokens
