"""The records in a review of evalscope; keys that are not read here may be anything."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_TURN = re.compile(r"^\*\*(User|Assistant|System|Tool)\*\*:[ \t]*", re.MULTILINE)
_NTH = re.compile(r"turn_(\d+)_prompt")
_NAMES = ("prompt", "question", "problem", "instruction", "query")


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
    content: str | list[Part] | None = None
    model: str | None = None
    perf_metrics: Timing | None = None

    @property
    def parts(self) -> list[Part]:
        """Its parts; a text alone is one."""
        return [Part("text", self.content)] if isinstance(self.content, str) else self.content or []

    @property
    def text(self) -> str:
        """What it says, without thinking."""
        return "\n".join(part.text for part in self.parts if part.text)

    @property
    def reasoning(self) -> str:
        """The thinking, where it is in parts of its own."""
        return "\n".join(part.reasoning for part in self.parts if part.reasoning)


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
    """Up to version 1.2 the prompt was `input`, all its messages in one text, and `target` a text."""

    index: int
    sample_score: SampleScore
    messages: list[Message] = []
    target: str | list[str] | None = None
    input: str | list[Message] = ""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the data set says about the sample."""
        return self.sample_score.sample_metadata or {}

    @property
    def prompt(self) -> str:
        """What the user said to the LLM, turn by turn; "" where the review has it nowhere."""
        said = self.messages or (self.input if isinstance(self.input, list) else [])
        turns = [message.text.strip("\n").rstrip() for message in said if message.role == "user"]
        whole = turns[0] if len(turns) == 1 else "" if any(turns) or not isinstance(self.input, str) else self.input
        if whole:
            turns = [text for role, text in _turns(whole) if role == "User"]
        return "\n\n".join(filter(None, turns)) or "\n\n".join(self._told())

    @property
    def inner(self) -> str:
        """The question without the tool's words, where the metadata has it and the prompt holds it; else ""."""
        prompt = self.prompt
        texts = [text.strip() for name in _NAMES if isinstance(text := self.metadata.get(name), str)]
        return next((text for text in texts if text and text in prompt), "")

    @property
    def group(self) -> int | str:
        """Equal for the repeats of one sample."""
        return self.index if self.sample_score.group_id is None else self.sample_score.group_id

    def _told(self) -> list[str]:
        """The prompt as the metadata has it, or one for each turn of a conversation."""
        turns = sorted((int(match[1]), value) for key, value in self.metadata.items() if (match := _NTH.fullmatch(key)))
        if texts := [text for _, value in turns if (text := _content(value))]:
            return texts
        return next(([text] for name in _NAMES if (text := _content(self.metadata.get(name)))), [])


def _turns(text: str) -> Iterator[tuple[str, str]]:
    """(role, text) of the messages in a text; one that does not begin with a mark is the user's, whatever is in it."""
    before, *pieces = _TURN.split(text)
    if before.strip():
        yield "User", text.strip("\n").rstrip()
        return
    for role, said in zip(pieces[::2], pieces[1::2], strict=True):
        if said.strip():
            yield role, said.strip("\n").rstrip()


def _content(value: Any) -> str:
    """The text of a message, which may be written as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return str(value).strip()
    if isinstance(value, Mapping):
        value = value.get("content")
    return value.strip() if isinstance(value, str) else ""
