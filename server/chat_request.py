"""The request of `/v1/chat/completions`: OpenAI's fields that mean something here, and `smacs`, the extension.

Other fields are accepted and have no effect, except those in `UNSUPPORTED`: to ignore them would change what the answer
means.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from smacs.server.errors import ApiError

MOST = 2048  # messages of a conversation, and parts of one of them
FEW = 5  # names that an error repeats


_NOTHING: tuple[Any, ...] = (None, False, 0, "", [], {})
_TOOLS = "SMACS calls no tools"
_SHAPE = "an answer is free text; say in the prompt how it must look"
_SAMPLING = "the LLMs inside have their own sampling; set it for each of them in the pool file"
_SCORES = "an answer is chosen among several, so it has no log-probabilities; `smacs.trace` has its perplexity"

# Field -> (values that ask for nothing, why others are refused).
UNSUPPORTED: dict[str, tuple[tuple[Any, ...], str]] = {
    "tools": (_NOTHING, _TOOLS),
    "tool_choice": ((*_NOTHING, "none", "auto"), _TOOLS),
    "functions": (_NOTHING, _TOOLS),
    "function_call": ((*_NOTHING, "none", "auto"), _TOOLS),
    "web_search_options": ((None,), "SMACS searches nothing"),
    "audio": (_NOTHING, "answers are text"),
    "modalities": ((*_NOTHING, ["text"]), "answers are text"),
    "response_format": ((*_NOTHING, {"type": "text"}), _SHAPE),
    "structured_outputs": (_NOTHING, _SHAPE),
    "guided_json": (_NOTHING, _SHAPE),
    "guided_regex": (_NOTHING, _SHAPE),
    "guided_choice": (_NOTHING, _SHAPE),
    "guided_grammar": (_NOTHING, _SHAPE),
    "logprobs": (_NOTHING, _SCORES),
    "top_logprobs": (_NOTHING, _SCORES),
    "prompt_logprobs": (_NOTHING, _SCORES),
    "logit_bias": (_NOTHING, "the LLMs inside have different tokens"),
    "top_p": ((None, 1), _SAMPLING),
    "top_k": ((None, 0, -1), _SAMPLING),
    "min_p": ((None, 0), _SAMPLING),
    "frequency_penalty": ((None, 0), _SAMPLING),
    "repetition_penalty": ((None, 1), _SAMPLING),
    "best_of": ((None, 1), "SMACS chooses the best of its candidates by itself; `smacs.settings.n` is how many"),
    "echo": (_NOTHING, "a reply holds the answer alone"),
    "continue_final_message": (_NOTHING, "the last message is the question"),
}
_UNSUPPORTED_IN_A_MESSAGE = ("tool_calls", "function_call", "audio")


def join_parts(content: Any) -> Any:
    """The text of a message: a string, or a list of parts of type text, which line breaks join."""
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
    def _check_names(cls, given: Any) -> Any:
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


def check_supported(request: ChatRequest) -> None:
    """Raise ApiError for the first field that is not supported."""
    for name, value in (request.model_extra or {}).items():
        nothing, why = UNSUPPORTED.get(name, ((), ""))
        if why and value not in nothing:
            raise ApiError(f"{name} is not supported: {why}. Leave it out.", param=name, code="unsupported")
    for position, turn in enumerate(request.messages):
        for name in _UNSUPPORTED_IN_A_MESSAGE:
            if (turn.model_extra or {}).get(name):
                raise ApiError(
                    f"{name} of a message is not supported: messages are text.", param=f"messages.{position}"
                )
    if request.messages[-1].role != "user":
        role = request.messages[-1].role
        message = f"Expected the last message to be the user's, it is the question; got one of the {role}."
        raise ApiError(message, param=f"messages.{len(request.messages) - 1}")
