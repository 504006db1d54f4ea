"""What one key has used of its limits: requests within the last minute, running now, tokens since midnight (UTC)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from smacs.server.guard.keyfile import Limits
from smacs.server.guard.refusal import Refusal

MINUTE = 60.0
DAY = 86400.0


@dataclass(slots=True)
class Allowance:
    """The account of one key, in this process. Times are seconds since the epoch."""

    running: int = 0
    tokens: int = 0
    _day: float = 0.0
    _times: deque[float] = field(default_factory=deque)

    def take(self, limits: Limits, now: float, retry_after: float) -> Refusal | None:
        """Count a request as running, or say which limit it would pass; `release` ends it."""
        refusal = self._tokens(limits, now) or self._running(limits, retry_after) or self._rate(limits, now)
        if refusal is None:
            self.running += 1
            if limits.requests_per_minute is not None:
                self._times.append(now)
        return refusal

    def release(self, tokens: int, now: float) -> None:
        """A request has ended that cost so many tokens."""
        self._turn(now)
        self.running -= 1
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
        if limits.tokens_per_day is None or self.tokens < limits.tokens_per_day:
            return None
        return _refusal("tokens", f"{limits.tokens_per_day} tokens a day", self._day + DAY - now)

    def _turn(self, now: float) -> None:
        """Begin a new day's account where one has begun."""
        day = now - now % DAY
        if day != self._day:
            self._day, self.tokens = day, 0


def _refusal(reason: Literal["rate", "running", "tokens"], most: str, wait: float) -> Refusal:
    code = "insufficient_quota" if reason == "tokens" else "rate_limit_exceeded"
    return Refusal(429, reason, f"This key may have {most}; wait, or ask the operator for more.", code, wait)
