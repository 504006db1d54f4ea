"""What the mock is told (`Behaviour`) and what it tells (`Stats`): the JSON of its `/control` address."""

import time
from typing import Literal

import msgspec

Fault = Literal[
    "ok",
    "refuse",  # the connection is closed without a byte of reply
    "hang",  # never answers
    "drop",  # the connection is closed in the middle of the body
    "400",
    "401",
    "404",
    "429",  # with Retry-After: 0
    "500",
    "503",
    "garbage",  # 200 with a page of HTML
    "empty",  # no text
    "usage",  # token counts that cannot be
    "no_logprobs",
    "think",  # <think>...</think> before the text
    "think_unopened",  # thinking that ends with </think> and was never opened
    "think_only",  # <think> and no end of it
    "field",  # thinking in `reasoning_content`
    "reasoning",  # thinking in `reasoning`, as newer vLLM has it
    "overflow",  # vLLM's 400 when the messages have more than `chars` characters
]


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How one model name is served.

    `fault` holds for the first `calls` calls from now on, for all when that is None. `latency` is in seconds; up to
    `jitter` seconds are added to it, drawn anew for each reply. Choice `i` has `text[i % len]`, made-up text of
    `tokens` tokens when unset; `logprob` is that of every token, made up when unset. `dimension` is that of embeddings
    for requests that ask for none.
    """

    fault: Fault = "ok"
    calls: int | None = None
    chars: int = 0
    latency: float = 0.0
    jitter: float = 0.0
    tokens: int = 500
    text: str | list[str] | None = None
    logprob: float | None = None
    dimension: int = 384


class Count(msgspec.Struct):
    """Requests of one model, or of all: so far, now, at most at once; `lost`: their client left early.

    `busy` is the integral of `in_flight` over time, in seconds, from the first request at `first` to the last change
    at `last` (seconds of a clock of its own).
    """

    requests: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    lost: int = 0
    busy: float = 0.0
    first: float = 0.0
    last: float = 0.0

    def begin(self) -> None:
        """Count one request in."""
        self._pass_time()
        self.requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def end(self, lost: bool) -> None:
        """Count one request out."""
        self._pass_time()
        self.in_flight -= 1
        self.lost += lost

    def _pass_time(self) -> None:
        now = time.monotonic()
        self.first = self.first or now
        self.busy += self.in_flight * (now - self.last)
        self.last = now


class Received(msgspec.Struct, frozen=True):
    """A request as it came: its path, its `Authorization` header and its body."""

    path: str
    model: str
    authorization: str
    body: msgspec.Raw

    def json(self) -> dict[str, object]:
        """The body as a dict."""
        return msgspec.json.decode(self.body, type=dict[str, object])


class Stats(msgspec.Struct):
    """Counters, and the last requests in the order they came."""

    total: Count
    models: dict[str, Count]
    received: list[Received]

    def of(self, model: str) -> Count:
        """Counters of `model`; zeros when it was never asked."""
        return self.models.get(model, Count())

    def bodies(self, model: str) -> list[dict[str, object]]:
        """The last bodies sent to `model`, oldest first."""
        return [received.json() for received in self.received if received.model == model]
