"""What one system spends on one question, call by call, replies from the cache counted as if asked anew."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

Branch = tuple[int, str]  # step of the graph, and which of its tasks
_current: ContextVar["Meter | None"] = ContextVar("meter", default=None)


@dataclass(slots=True)
class Meter:
    """The calls of one question: seconds by branch, and how many samples of each prompt were taken.

    A system that asks the same LLM the same thing again gets further samples, not the same ones.
    """

    question: str
    seconds: dict[Branch, float] = field(default_factory=lambda: defaultdict(float))
    taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    trouble: list[str] = field(default_factory=list)

    def take(self, key: str, count: int) -> int:
        """The number of the first of `count` further samples of a prompt."""
        start = self.taken[key]
        self.taken[key] += count
        return start

    def spend(self, seconds: float) -> None:
        """Count a call of the branch that is under way."""
        self.seconds[branch()] += seconds

    @property
    def total(self) -> float:
        """Seconds of all calls together."""
        return sum(self.seconds.values())

    @property
    def latency(self) -> float:
        """Seconds until the answer: branches of a step run side by side, steps one after another."""
        slowest: dict[int, float] = defaultdict(float)
        for (step, _), seconds in self.seconds.items():
            slowest[step] = max(slowest[step], seconds)
        return sum(slowest.values())


@contextmanager
def metered(question: str) -> Iterator[Meter]:
    """Count the calls made inside."""
    meter = Meter(question)
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


def meter() -> Meter:
    """The meter of the question under way; outside of one, a new one that nobody reads."""
    return _current.get() or Meter("")


def branch() -> Branch:
    """The graph's step and task that the running call belongs to."""
    from langgraph.config import get_config

    try:
        metadata = get_config().get("metadata", {})
    except RuntimeError:  # outside of a graph
        return 0, ""
    return int(metadata.get("langgraph_step", 0)), str(metadata.get("langgraph_checkpoint_ns", ""))
