"""The exchange: what is known about the request that is being answered, for limits, metrics and the log alike.

`RequestId`, the outermost middleware, begins one for each request, under the client's own id where that is sane.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from langchain_core.runnables.config import var_child_runnable_config
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.pool.calls.replies import Failure, Reply
from smacs.server.guard.limits import Bill
from smacs.server.guard.refusal import Refusal
from smacs.server.guard.request import is_outside
from smacs.telemetry import REQUEST_ID, REQUEST_ID_HEADER, label, request_id, request_id_from

RUN = "__smacs_run"  # where the config of a run that is no request has its `Exchange`; such keys are kept nowhere
SPEED = 300.0  # tokens a second for each choice: what a call that was given up is taken to have made at least


@dataclass(slots=True)
class Exchange:
    """One request, and what it has cost so far: LLM calls, failed ones too, and their tokens.

    `key` is the name of its key, `model` the one it asked for, `refused` why the guard did not let it through; empty
    until known. `started` is on the monotonic clock, `progress` says whether a run of it has sent an event yet.
    `bill` is where the tokens are charged, if a key pays for them.
    """

    request_id: str
    key: str = ""
    model: str = ""
    refused: str = ""
    calls: int = 0
    tokens: int = 0
    progress: bool = False
    started: float = field(default_factory=time.monotonic)
    bill: Bill | None = None

    def reserve(self, tokens: int, retry_after: float) -> Refusal | None:
        """Set tokens aside where a key pays for them; returns why the request must not begin, if it must not."""
        return None if self.bill is None else self.bill.reserve(tokens, retry_after)

    def settle(self) -> None:
        """End it: what it cost is spent, the rest of what was set aside is free again."""
        if self.bill is not None:
            self.bill.settle(self.tokens)

    def charge(self, tokens: int) -> None:
        """Count a call and its tokens."""
        self.calls += 1
        self.tokens += tokens
        if self.bill is not None:
            self.bill.charge(tokens)


_current: ContextVar[Exchange | None] = ContextVar("smacs_exchange", default=None)


@contextmanager
def begin(exchange: Exchange) -> Iterator[None]:
    """Make it the current exchange of this task and of all that the task starts."""
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
    tokens = cost_of(result)
    exchange = _current.get() or _of_run()
    if exchange is not None:
        exchange.charge(tokens)


def _of_run() -> Exchange | None:
    """What stands for the run of LangGraph's that the running node is a part of, where a key pays for it."""
    config = var_child_runnable_config.get() or {}
    found: Exchange | None = (config.get("configurable") or {}).get(RUN)
    return found


_speeds: dict[str, float] = {}  # LLM -> tokens a second of its fastest choice so far


def cost_of(result: Reply | Failure) -> int:
    """Tokens that a call has cost. Nobody knows them for one that was given up: as many as there was time for.

    The time counts at the speed of the LLM's fastest reply so far, or at `SPEED` where that is more.
    """
    if isinstance(result, Failure):
        speed = max(SPEED, _speeds.get(result.llm, 0.0))
        return result.spent + (result.unfinished.tokens(speed) if result.unfinished else 0)
    if result.choices and result.seconds > 0:
        speed = result.completion_tokens / len(result.choices) / result.seconds
        _speeds[result.llm] = max(speed, _speeds.get(result.llm, 0.0))
    return result.prompt_tokens + result.completion_tokens


class RequestId:
    """Begin an `Exchange` for each request; it is also `request.state.exchange`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer under a request id."""
        if not is_outside(scope):
            return await self.app(scope, receive, send)
        headers = MutableHeaders(scope=scope)
        mine = headers[REQUEST_ID_HEADER] = request_id_from(headers.get(REQUEST_ID_HEADER))
        exchange = Exchange(mine)
        scope.setdefault("state", {})["exchange"] = exchange

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = mine
            await send(message)

        label(**{REQUEST_ID: mine})
        token = request_id.set(mine)
        try:
            with begin(exchange):
                await self.app(scope, receive, tell)
        finally:
            request_id.reset(token)
        return None
