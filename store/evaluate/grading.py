"""From an LLM's reply to a cell of V (eq. 1), and what the cells come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Prompts
from smacs.store.graders import grade
from smacs.store.records import Evaluation, Question
from smacs.store.stats import wilson


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without a grade: a kind of `Failure`, or "ungraded" where the grader failed."""

    question: str
    kind: str
    message: str


@dataclass(slots=True)
class EvaluationSummary:
    """How far one LLM is: of `total` questions `done` are graded, `correct` is the sum of their grades.

    `without_grader` of the others came with recorded grades only and cannot be asked. `asked`, `tokens` (generated),
    `seconds` and `failures` are those of this pass alone. `stopped` says why it ended early, if it did.
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


@dataclass(frozen=True, slots=True)
class Grading:
    """Grades the replies of one LLM, and writes down how they were asked for."""

    prompts: Prompts
    sampling: dict[str, Any]

    @classmethod
    def of(cls, spec: LLMSpec, prompts: Prompts, sampling: Mapping[str, Any] | None) -> "Grading":
        """`sampling` holds where the pool file says nothing for this LLM; what it leaves out is not written down."""
        merged = {**(sampling or {}), **spec.sampling.model_dump(exclude_none=True)}
        return cls(prompts, {name: value for name, value in merged.items() if name not in spec.leave_out})

    def cell(self, question: Question, reply: Reply | Failure, source: str = "") -> Evaluation | Unanswered:
        """The graded reply; blocks while it is graded. A failed call is not a wrong answer."""
        if isinstance(reply, Failure) and reply.kind == "empty":
            reply = Reply(reply.llm, (Choice(""),), 0, 0, reply.seconds)  # it did answer: with nothing, which is wrong
        if isinstance(reply, Failure):
            return Unanswered(question.id, reply.kind, reply.message)
        choice = reply.choices[0]
        try:
            result = grade(question, choice.text)
        except Exception as error:  # a grader runs over whatever an LLM wrote: one bad question must not end the pass
            return Unanswered(question.id, "ungraded", f"{type(error).__name__}: {error}")
        return Evaluation(
            question=question.id,
            correct=result.correct,
            answer=result.answer,
            response=choice.text,
            reasoning=choice.reasoning,
            tokens=reply.completion_tokens,
            seconds=round(reply.seconds, 3),
            prompt=self.prompts.id(question.task),
            sampling=self.sampling,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            source=source,
        )
