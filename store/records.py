"""The records of a question bank: one line of JSON each.

`questions.jsonl` holds `Question`s, `evaluations/<llm>.jsonl` holds `Evaluation`s.
"""

from typing import Any

import msgspec


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bank question with its label.

    `text` is the whole question as an LLM sees it (options of a multiple choice included) and what is embedded. `label`
    is what `grader`, or else the grader of the task's name, expects (see `smacs.store.graders`); without a label the
    question has recorded grades only. `task` names the prompt. `dataset` is where it comes from.
    """

    id: str
    text: str
    label: Any = None
    task: str = "open"
    grader: str = ""
    dataset: str = ""
    subject: str = ""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One LLM's answer to one bank question, graded: `correct` is V[i, r] of eq. 1, in [0, 1].

    `source` says where a cell that was not asked here came from.
    """

    question: str
    correct: float
    answer: str | None = None
    response: str = ""
    reasoning: str = ""
    tokens: int = 0
    seconds: float = 0.0
    prompt: str = ""
    sampling: dict[str, Any] = {}
    when: str = ""
    source: str = ""


class Cell(msgspec.Struct):
    """The two fields of an evaluation that V needs; the responses are skipped unread."""

    question: str
    correct: float
