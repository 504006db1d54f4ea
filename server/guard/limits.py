"""Limits of each key: requests a minute, at once, and tokens a day (UTC). Past one of them 429, with the time to wait.

Tokens are reserved before a question is asked, charged as its calls end, and settled when it ends, however it ends.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.refusal import Refusal, refuse
from smacs.server.keyfile import Key, Limits

MINUTE = 60.0
DAY = 86400.0


@dataclass(slots=True)
class Allowance:
    """What one key has used of its limits, in this process. Times are seconds since the epoch."""

    running: int = 0
    runs: int = 0  # of LangGraph, which go on when the request that made them has been answered
    tokens: int = 0
    bills: "list[Bill]" = field(default_factory=list)
    _day: float = 0.0
    _times: deque[float] = field(default_factory=deque)

    def take(self, limits: Limits, now: float, retry_after: float) -> Refusal | None:
        """Count a request as running, or say which limit it would exceed; `Bill.leave` ends it."""
        refusal = self._tokens(limits, now) or self._running(limits, retry_after) or self._rate(limits, now)
        if refusal is None:
            self.running += 1
            if limits.requests_per_minute is not None:
                self._times.append(now)
        return refusal

    def may_run(self, limits: Limits, now: float, retry_after: float) -> Refusal | None:
        """Which limit one more run of LangGraph would exceed."""
        refusal = self._tokens(limits, now)
        if refusal is None and limits.running is not None and self.runs >= limits.running:
            return _refusal("running", f"{limits.running} runs at once", retry_after)
        return refusal

    def spend(self, tokens: int, now: float) -> None:
        """Count tokens that are spent."""
        self._turn(now)
        self.tokens += tokens

    def _rate(self, limits: Limits, now: float) -> Refusal | None:
        while self._times and self._times[0] <= now - MINUTE:
            self._times.popleft()
        most = limits.requests_per_minute
        if most is None or len(self._times) < most:
            return None
        wait = self._times[len(self._times) - most] + MINUTE - now
        return _refusal("rate", f"{most} requests a minute", wait)

    def _running(self, limits: Limits, retry_after: float) -> Refusal | None:
        if limits.running is None or self.running < limits.running:
            return None
        return _refusal("running", f"{limits.running} requests at once", retry_after)

    def _tokens(self, limits: Limits, now: float) -> Refusal | None:
        self._turn(now)
        used = self.tokens + sum(bill.spent for bill in self.bills)
        if limits.tokens_per_day is None or used < limits.tokens_per_day:
            return None
        return _refusal("tokens", f"{limits.tokens_per_day} tokens a day", self._day + DAY - now)

    def reserve(self, bill: "Bill", tokens: int, limits: Limits, now: float, retry_after: float) -> Refusal | None:
        """Set tokens aside for a bill, or what is left of the day; refuse where nothing is left."""
        refusal = self._tokens(limits, now)
        if limits.tokens_per_day is None or refusal is not None:
            return refusal
        left = limits.tokens_per_day - self.tokens - sum(other.held for other in self.bills if other is not bill)
        if left <= 0:
            most = f"{limits.tokens_per_day} tokens a day, and its questions under way may use up what is left of them"
            return _refusal("tokens", most, retry_after, "rate_limit_exceeded")
        bill.reserved = min(tokens, left)
        return None

    def _turn(self, now: float) -> None:
        """Start the account anew where a new day has begun."""
        day = now - now % DAY
        if day != self._day:
            self._day, self.tokens = day, 0


Accounts = defaultdict[str, Allowance]  # name of a key -> what it has used


@dataclass(slots=True, eq=False)
class Bill:
    """What one request takes from an allowance: what is `reserved` for it, and what it has `spent` so far."""

    allowance: Allowance
    limits: Limits
    clock: Callable[[], float] = time.time
    reserved: int = 0
    spent: int = 0
    _open: bool = True
    _running: bool = True

    def __post_init__(self) -> None:
        self.allowance.bills.append(self)

    @property
    def held(self) -> int:
        """Tokens that nobody else may use."""
        return max(self.reserved, self.spent)

    def reserve(self, tokens: int, retry_after: float) -> Refusal | None:
        """Set aside what the request may cost, or say why it must not begin."""
        return self.allowance.reserve(self, tokens, self.limits, self.clock(), retry_after)

    def leave(self) -> None:
        """Give back the place that `Allowance.take` has taken."""
        if self._running:
            self._running = False
            self.allowance.running -= 1

    def charge(self, tokens: int) -> None:
        """Count the tokens of a call, even of one that ends after its request has ended."""
        if self._open:
            self.spent += tokens
        else:
            self.allowance.spend(tokens, self.clock())

    def settle(self, tokens: int) -> None:
        """The request has ended; `tokens` is what it cost, the rest of its reserve is free again."""
        self._open = False
        self.allowance.bills.remove(self)
        self.allowance.spend(tokens, self.clock())


def _refusal(reason: Literal["rate", "running", "tokens"], most: str, wait: float, code: str | None = None) -> Refusal:
    code = code or ("insufficient_quota" if reason == "tokens" else "rate_limit_exceeded")
    return Refusal(429, reason, f"This key may have {most}; wait, or ask the operator for more.", code, wait)


class KeyLimits:
    """Holds each key to its limits. The accounts belong to this process and start anew with it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        retry_after: float,
        accounts: Accounts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app = app
        self.retry_after = retry_after
        self.clock = clock
        self.allowances = Accounts(Allowance) if accounts is None else accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer within the limits of the key."""
        key: Key | None = scope.get("state", {}).get("key")
        if key is None:
            return await self.app(scope, receive, send)
        allowance = self.allowances[key.name]
        refusal = allowance.take(key.limits, self.clock(), self.retry_after)
        if refusal is not None:
            return await refuse(scope, receive, send, refusal)
        exchange = scope["state"]["exchange"]
        exchange.bill = bill = Bill(allowance, key.limits, self.clock)

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                bill.leave()  # before the client can know: its next request must not find its own last one
            await send(message)

        try:
            return await self.app(scope, receive, tell)
        finally:
            bill.leave()
            exchange.settle()
