"""The figures behind `/metrics`, in a registry of their own."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from smacs.nodes.shared.remarks import Remark
from smacs.pool.calls.replies import Failure, Reply
from smacs.server.guard.queue import Queue

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
EARLY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Figures:
    """What is counted. `queue` is read when somebody asks."""

    def __init__(self, queue: Queue) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter("smacs_requests", "Requests by model and status.", ["model", "status"], registry=own)
        self.seconds = Histogram(
            "smacs_request_seconds",
            "From a question to its reply's end.",
            ["model"],
            buckets=SECONDS,
            registry=own,
        )
        self.first_progress = Histogram(
            "smacs_first_progress_seconds", "From a question to its first event.", buckets=EARLY, registry=own
        )
        self.refused = Counter("smacs_refused", "Requests not let through, or cut off.", ["reason"], registry=own)
        self.in_flight = Gauge("smacs_requests_in_flight", "Requests being answered or waiting.", registry=own)
        _read("smacs_queue_running", "Questions that have a place.", own, queue, "running")
        _read("smacs_queue_waiting", "Questions that wait for a place.", own, queue, "waiting")
        self.degraded = Counter("smacs_degraded", "Answers that are less than could be.", ["kind"], registry=own)
        self.calls = Counter("smacs_llm_calls", "Calls of LLMs, failed ones too.", ["llm"], registry=own)
        self.failures = Counter("smacs_llm_failures", "Calls of LLMs that failed.", ["llm", "kind"], registry=own)
        self.tokens = Counter("smacs_llm_tokens", "Tokens: prompt, completion.", ["llm", "kind"], registry=own)
        self.call_seconds = Histogram(
            "smacs_llm_call_seconds", "LLM calls that succeeded.", ["llm"], buckets=SECONDS, registry=own
        )

    def ended(self, model: str, status: int, seconds: float | None, refused: str) -> None:
        """A request has ended; `seconds` where it was a question."""
        self.requests.labels(model or "none", str(status)).inc()
        if seconds is not None and not refused:
            self.seconds.labels(model or "none").observe(seconds)
        if refused:
            self.refused.labels(refused).inc()

    def called(self, result: Reply | Failure) -> None:
        """A call of an LLM has ended."""
        self.calls.labels(result.llm).inc()
        if isinstance(result, Failure):
            self.failures.labels(result.llm, result.kind).inc()
            return
        self.call_seconds.labels(result.llm).observe(result.seconds)
        self.tokens.labels(result.llm, "prompt").inc(result.prompt_tokens)
        self.tokens.labels(result.llm, "completion").inc(result.completion_tokens)

    def answered(self, degraded: Iterable[Remark]) -> None:
        """A run has ended with these reasons; each kind counts once."""
        for kind in {reason["kind"] for reason in degraded}:
            self.degraded.labels(kind).inc()


def _read(name: str, text: str, registry: CollectorRegistry, queue: Queue, field: str) -> None:
    Gauge(name, text, registry=registry).set_function(lambda: float(getattr(queue, field)))
