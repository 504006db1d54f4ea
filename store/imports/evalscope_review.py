"""The records in a review of evalscope; keys that are not read here may be anything."""

from typing import Any

import msgspec


class Part(msgspec.Struct):
    """A part of a message."""

    type: str = ""
    text: str = ""
    reasoning: str = ""


class Timing(msgspec.Struct):
    """What a call took, in seconds and tokens."""

    latency: float | None = None
    output_tokens: int | None = None


class Message(msgspec.Struct):
    """A message of the chat; `model` is the LLM that wrote it."""

    role: str
    content: str | list[Part]
    model: str | None = None
    perf_metrics: Timing | None = None

    @property
    def text(self) -> str:
        """What it says, without thinking."""
        return self.content if isinstance(self.content, str) else "\n".join(p.text for p in self.content if p.text)

    @property
    def reasoning(self) -> str:
        """The thinking, where it is in parts of its own."""
        return "" if isinstance(self.content, str) else "\n".join(p.reasoning for p in self.content if p.reasoning)


class Score(msgspec.Struct):
    """Scores by name, one of them the main one, and what was graded."""

    value: dict[str, Any]
    extracted_prediction: str | None = None
    prediction: str | None = None
    main_score_name: str | None = None


class SampleScore(msgspec.Struct):
    """The score of one run; runs of one sample have one `group_id`."""

    score: Score
    group_id: int | str | None = None
    sample_metadata: dict[str, Any] | None = None


class Review(msgspec.Struct):
    """Up to version 1.2 the prompt was `input`, and `target` a text."""

    index: int
    sample_score: SampleScore
    messages: list[Message] = []
    target: str | list[str] | None = None
    input: str = ""

    @property
    def prompt(self) -> str:
        """What the LLM was last asked; empty where there is none."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), self.input)

    @property
    def group(self) -> int | str:
        """Equal for the repeats of one sample."""
        return self.index if self.sample_score.group_id is None else self.sample_score.group_id
