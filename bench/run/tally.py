"""How far each system of a run is, and how good so far."""

from dataclasses import dataclass, field

from smacs.bench.run.records import Result
from smacs.store.stats import wilson


@dataclass(slots=True)
class Tally:
    """One system: of `total` questions `done` are answered, `correct` is the sum of their grades.

    `asked` counts this session alone; `trouble` names the questions that have no result because an endpoint failed.
    """

    system: str
    total: int
    done: int = 0
    correct: float = 0.0
    asked: int = 0
    calls: int = 0
    tokens: int = 0
    trouble: dict[str, str] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """Count a result."""
        self.done += 1
        self.correct += result.correct
        self.calls += result.calls
        self.tokens += result.prompt_tokens + result.completion_tokens

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the accuracy so far, None before the first result."""
        return wilson(self.correct / self.done, self.done) if self.done else None
