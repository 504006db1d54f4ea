"""What an evaluation tells: how far it is, how good the LLM is so far, and what has no grade."""

from dataclasses import dataclass, field

from smacs.store.stats import wilson


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without a grade: a kind of `Failure`, or "ungraded" where the grader could not say."""

    question: str
    kind: str
    message: str


@dataclass(slots=True)
class EvaluationSummary:
    """How far one LLM is: of `total` questions `done` are graded, `correct` is the sum of their grades.

    `without_grader` of the others came with recorded grades only and cannot be asked. `asked`, `tokens` (generated),
    `seconds` and `failures` count this pass alone. `stopped` says why it ended before its time, if it did.
    """

    llm: str
    total: int
    done: int
    correct: float
    without_grader: int = 0
    asked: int = 0
    tokens: int = 0
    seconds: float = 0.0
    failures: list[Unanswered] = field(default_factory=list)
    stopped: str = ""

    @property
    def missing(self) -> int:
        """Questions that can be asked and have no grade."""
        return self.total - self.done - self.without_grader

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the accuracy so far, None before the first grade."""
        return wilson(self.correct / self.done, self.done) if self.done else None
