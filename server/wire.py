"""The request of `/v1/chat/completions`: OpenAI's fields that mean something here, and `smacs`, the extension.

Fields that are not named here are accepted and have no effect, but for those that `refused.py` knows: ignoring them
would change what the answer means.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

MOST = 2048  # messages of a conversation, and parts of one of them
FEW = 5  # names that an error repeats


def join_parts(content: Any) -> Any:
    """Text of a message: a string, or a list of parts of type text, joined by line breaks."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    if len(content) > MOST:
        raise ValueError(f"expected at most {MOST:,} parts, got {len(content):,}")
    kinds = [part.get("type") if isinstance(part, dict) else type(part).__name__ for part in content]
    other = sorted({str(kind) for kind in kinds if kind != "text"})
    if other:
        raise ValueError(f"expected parts of type text, got {_first(other)}")
    texts = [part.get("text") for part in content]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("expected a string as `text` of each part")
    return "\n".join(texts)


def _first(names: Sequence[str]) -> str:
    """The first few of some names that a client chose, and how many more there are."""
    shown = [name[:40] for name in names[:FEW]]
    return ", ".join(shown) + (f" and {len(names) - FEW:,} more" if len(names) > FEW else "")


_PART = {"type": "object", "properties": {"type": {"const": "text"}, "text": {"type": "string"}}}
_CONTENT = {"anyOf": [{"type": "string"}, {"type": "array", "items": {**_PART, "required": ["type", "text"]}}]}

Content = Annotated[str, BeforeValidator(join_parts), WithJsonSchema(_CONTENT)]
Stop = Annotated[str, Field(min_length=1)]


class Open(BaseModel):
    """A part of the request that may have further fields."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Turn(Open):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Content = ""


class StreamOptions(Open):
    """What a stream carries beside the answer."""

    include_usage: bool | None = Field(default=None, description="A last chunk with the usage.")


class Extension(BaseModel):
    """What only SMACS has; OpenAI's clients send it as `extra_body={"smacs": {...}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the system: k, n, lam, ...")
    task: str = Field(default="", description="Kind of question: open (default), math, choice, code, instruction.")
    dataset: str = Field(default="", description="The bank's data set that the question belongs to, if known.")
    trace: bool = Field(default=False, description="Whether the reply carries the trace of how it came about.")
    events: bool = Field(default=False, description="Whether a stream carries the progress events as they are.")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        """Many unknown fields are one problem, not one each."""
        unknown = [str(name) for name in given if name not in cls.model_fields] if isinstance(given, dict) else []
        if len(unknown) > FEW:
            raise ValueError(f"expected {', '.join(cls.model_fields)}, got {_first(unknown)}")
        return given


class ChatRequest(Open):
    """The body of a chat completion."""

    model: str = Field(description="smacs, another system, or an LLM of the pool; see /v1/models.")
    messages: list[Turn] = Field(
        min_length=1, max_length=MOST, description="The conversation; its last message is the question."
    )
    n: int | None = Field(default=None, ge=1, description="Answers; each is a run of its own.")
    seed: int | None = Field(default=None, ge=0, description="Makes the subsets and the sampling repeatable.")
    max_tokens: int | None = Field(default=None, ge=1, description="Output tokens of each call made inside.")
    max_completion_tokens: int | None = Field(default=None, ge=1, description="Newer name of max_tokens.")
    temperature: float | None = Field(default=None, ge=0, le=2, description="Where an LLM has none of its own.")
    presence_penalty: float | None = Field(default=None, ge=-2, le=2, description="Where an LLM has none of its own.")
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = Field(
        default=None, description="Up to four strings; the answer ends before the first of them."
    )
    stream: bool | None = Field(default=None, description="Server-sent events, progress included.")
    stream_options: StreamOptions | None = None
    smacs: Extension = Field(default_factory=Extension, description="What only SMACS has.")
