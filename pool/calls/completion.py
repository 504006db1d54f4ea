"""Reads the body of a chat completion.

A strict and fast decoder goes first. Where it fails, the body is read field by field: the text is what counts, and
whatever else cannot be read (token counts, log-probabilities, the order of the choices) is left out with a note. That
builds no more in memory than the strict decoder would.
"""

from typing import Annotated, Any, TypeVar

import msgspec

from smacs.pool.calls.failures import Unreadable, cut, decoded, error_inside, said
from smacs.pool.calls.repair import repaired

T = TypeVar("T")

MOST_TOKENS = 10**8  # no window holds so many: a larger count is none
LEAST_LOGPROB, MOST_LOGPROB = -10_000.0, 1e-3  # OpenAI sends -9999 for "very unlikely"; a little above 0 is rounding
LEAST_MEAN = -700.0  # of the log-probabilities: the perplexity of less is no number
_MOST_OBJECTS = 1_000_000  # in one body
_MUCH = 1 << 20  # bytes: objects are counted from here on
_NULL = msgspec.Raw(b"null")

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]


class Token(msgspec.Struct, gc=False):
    """One token's natural log-probability."""

    logprob: Annotated[float, msgspec.Meta(ge=LEAST_LOGPROB, le=MOST_LOGPROB)]


class Logprobs(msgspec.Struct):
    """Log-probabilities of the generated tokens."""

    content: list[Token] | None = None


class CompletionMessage(msgspec.Struct):
    """What the LLM said."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None

    @property
    def thinking(self) -> str:
        """The thinking, where it came in a field of its own."""
        return self.reasoning_content or self.reasoning or ""


class CompletionChoice(msgspec.Struct):
    """One choice."""

    message: CompletionMessage
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    index: int | None = None
    error: None = None


class TokenUsage(msgspec.Struct):
    """Token counts."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0


class Completion(msgspec.Struct):
    """A completion."""

    choices: list[CompletionChoice]
    id: str | None = None
    model: str | None = None
    usage: TokenUsage | None = None
    error: None = None


class _AnyCompletion(msgspec.Struct):
    """A completion with each field as it came."""

    choices: msgspec.Raw = _NULL
    id: msgspec.Raw = _NULL
    model: msgspec.Raw = _NULL
    usage: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL


class _AnyChoice(msgspec.Struct):
    message: msgspec.Raw = _NULL
    delta: msgspec.Raw = _NULL
    text: msgspec.Raw = _NULL
    finish_reason: msgspec.Raw = _NULL
    logprobs: msgspec.Raw = _NULL
    index: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL


class _AnyMessage(msgspec.Struct):
    content: msgspec.Raw = _NULL
    reasoning_content: msgspec.Raw = _NULL
    reasoning: msgspec.Raw = _NULL
    thinking: msgspec.Raw = _NULL
    reasoning_details: msgspec.Raw = _NULL
    refusal: msgspec.Raw = _NULL


class _Part(msgspec.Struct):
    type: msgspec.Raw = _NULL
    text: msgspec.Raw = _NULL
    thinking: msgspec.Raw = _NULL
    reasoning: msgspec.Raw = _NULL
    content: msgspec.Raw = _NULL
    summary: msgspec.Raw = _NULL
    refusal: msgspec.Raw = _NULL
    value: msgspec.Raw = _NULL


class _AnyUsage(msgspec.Struct):
    prompt_tokens: msgspec.Raw = _NULL
    completion_tokens: msgspec.Raw = _NULL


class _AnyLogprobs(msgspec.Struct):
    content: msgspec.Raw = _NULL


class _AnyToken(msgspec.Struct):
    logprob: msgspec.Raw = _NULL


_UNFIT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_strict = msgspec.json.Decoder(Completion)


def read_completion(body: bytes, n: int) -> tuple[Completion, list[str]]:
    """The first `n` choices of a body, and notes about what was left out.

    Raises Unreadable where there is none, openai.APIStatusError for an error in its place.
    """
    if len(body) > _MUCH and body.count(b"{") + body.count(b"[") > _MOST_OBJECTS:
        raise Unreadable(f"the reply has more than {_MOST_OBJECTS:,} objects and lists: no chat completion has so many")
    completion, notes = _plain(body), list[str]()
    if completion is None:
        reader = _Reader()
        completion, notes = reader.completion(repaired(body)), reader.notes
    return completion, [*notes, *_keep_first(completion.choices, n)]


def _plain(body: bytes) -> Completion | None:
    """The completion if every field is as it should be and every choice has text."""
    try:
        completion = _strict.decode(body)
    except _UNFIT:
        return None
    plain = all(choice.message.content and choice.finish_reason != "error" for choice in completion.choices)
    return completion if plain else None


def _keep_first(choices: list[CompletionChoice], n: int) -> list[str]:
    """Keep the first `n`, in the order of their indices if these are distinct; a note about the others."""
    if not choices:
        raise Unreadable("a reply without choices")
    if len(choices) > 1 and len({choice.index for choice in choices} - {None}) == len(choices):
        choices.sort(key=lambda choice: choice.index or 0)
    came = len(choices)
    del choices[n:]
    return (
        [f"{came} choices came where {n} {'was' if n == 1 else 'were'} asked for, the first count"] if came > n else []
    )


class _Reader:
    """Reads one body field by field, and notes what it leaves out."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def completion(self, body: bytes) -> Completion:
        """The completion. Raises Unreadable and openai.APIStatusError."""
        top = _as(body, _AnyCompletion)
        choices = _as(top.choices, list[_AnyChoice | None]) if top else None
        if top is None or choices is None:
            raise _no_completion(body)
        if not choices and _is(top.error):
            raise error_inside(decoded(body))
        read = [found for choice in choices if choice and (found := self._choice(choice))]
        if not read:
            raise next((_error(c.error) for c in choices if c and _failed(c)), Unreadable("a reply without choices"))
        if _is(top.error):
            self.notes.append(f"it came with an error: {said(bytes(top.error))}")
        usage = self._usage(top.usage)
        self.notes = list(dict.fromkeys(self.notes))
        return Completion(read, _name(top.id), _name(top.model), usage)

    def _choice(self, choice: _AnyChoice) -> CompletionChoice | None:
        message = next((found for raw in (choice.message, choice.delta) if (found := _as(raw, _AnyMessage))), None)
        if _failed(choice):
            self.notes.append(f"a choice of it is an error: {said(bytes(choice.error))}")
            return None
        message = message or _AnyMessage(content=choice.text)
        index = _as(choice.index, int)
        finish = _as(choice.finish_reason, str)
        return CompletionChoice(self._message(message), finish, self._logprobs(choice.logprobs), index)

    def _message(self, message: _AnyMessage) -> CompletionMessage:
        told = [*_parts(message.content), *_parts(message.refusal, "refusal")]
        for raw in (message.reasoning_content, message.reasoning, message.thinking, message.reasoning_details):
            if thought := [(kind, text) for kind, text in _parts(raw, "thinking") if kind == "thinking" and text]:
                told += thought
                break
        unknown = sorted({text for kind, text in told if kind == "unknown"})
        if unknown:
            self.notes.append(f"parts of it are no text: {cut(', '.join(unknown), 60)}")
        by = {k: "".join(text for kind, text in told if kind == k) for k in ("text", "thinking", "refusal")}
        return CompletionMessage(by["text"], by["thinking"], refusal=by["refusal"])

    def _logprobs(self, raw: msgspec.Raw) -> Logprobs | None:
        found = _as(raw, _AnyLogprobs)
        if found is None or not _is(found.content):
            return None
        plain = _as(found.content, list[Token])
        if plain is not None:
            return Logprobs(plain)
        tokens = _as(found.content, list[_AnyToken])
        odd = next((sent for token in tokens or () if not _likely(sent := bytes(token.logprob))), b"what came")
        self.notes.append(f"its log-probabilities are left out ({_shown(odd)} cannot be one)")
        return None

    def _usage(self, raw: msgspec.Raw) -> TokenUsage | None:
        found = _as(raw, _AnyUsage)
        if found is None:
            return None
        counts = {name: _count(getattr(found, name)) for name in _AnyUsage.__struct_fields__}
        odd = [f"{name} {_shown(bytes(getattr(found, name)))}" for name, count in counts.items() if count is None]
        if odd:
            self.notes.append(f"its usage is left out ({', '.join(odd)})")
            return None
        return TokenUsage(**{name: count or 0 for name, count in counts.items()})


def _as(raw: msgspec.Raw | bytes, type: type[T]) -> T | None:
    """The value if it is of that type, else None."""
    try:
        return msgspec.json.decode(raw, type=type)
    except _UNFIT:
        return None


def _is(raw: msgspec.Raw) -> bool:
    """Whether there is anything in it."""
    return bytes(raw) not in (b"null", b"{}", b"[]", b'""', b"false")


def _likely(raw: bytes) -> bool:
    value = _as(raw, float)
    return value is not None and LEAST_LOGPROB <= value <= MOST_LOGPROB


def _name(raw: msgspec.Raw) -> str | None:
    value = _as(raw, str | int | float)  # type: ignore[arg-type]
    return None if value is None else str(value)[:200]


def _shown(raw: bytes) -> str:
    return cut(raw[:100].decode(errors="replace").strip('"'), 40)


def _count(raw: msgspec.Raw) -> int | None:
    """A number of tokens: 0 for null, None for anything that is no count. 5.0 and "5" are 5."""
    if not _is(raw):
        return 0
    value: Any = _as(raw, str | int | float)  # type: ignore[arg-type]
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if value is None or isinstance(value, str) or value != int(value) or not 0 <= value <= MOST_TOKENS:
        return None
    return int(value)


def _parts(raw: msgspec.Raw, kind: str = "text", depth: int = 4) -> list[tuple[str, str]]:
    """(kind, text) of a content: a text, a part, or a list of both; kinds are text, thinking, refusal, unknown."""
    if raw is _NULL or not depth:
        return []
    value: Any = _as(raw, str | int | float | _Part | list[str | int | float | _Part | None] | None)  # type: ignore[arg-type]
    if value is None:
        return [("unknown", "a list of other things")] if _is(raw) else []
    found: list[tuple[str, str]] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, _Part):
            found += _of_part(item, kind, depth)
        elif item is not None and not isinstance(item, bool):
            found.append((kind, str(item)))
    return found


def _of_part(part: _Part, kind: str, depth: int) -> list[tuple[str, str]]:
    name = (_as(part.type, str) or "").lower()
    if any(word in name for word in ("thinking", "reasoning", "thought")) or (not name and _is(part.thinking)):
        kind = "thinking"
    elif "refusal" in name or (not name and _is(part.refusal)):
        kind = "refusal"
    elif name and "text" not in name:
        return [("unknown", name)]
    fields = (part.text, part.thinking, part.reasoning, part.content, part.summary, part.refusal, part.value)
    return next((found for raw in fields if (found := _parts(raw, kind, depth - 1))), [])


def _failed(choice: _AnyChoice) -> bool:
    return _is(choice.error) or _as(choice.finish_reason, str) == "error"


def _error(raw: msgspec.Raw) -> Exception:
    """The error of a choice as the error of its code."""
    unsaid = {"message": "its server ended it with an error and says no more", "code": 502}
    return error_inside(decoded(bytes(raw)) or unsaid)


def _no_completion(body: bytes) -> Exception:
    """What a body without choices is: an error, or something else that is named."""
    hint = "is this an OpenAI-compatible endpoint (ending in /v1)?"
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except RecursionError:
        return Unreadable(f"the reply is nested too deeply to be a chat completion; {hint}")
    except _UNFIT as error:
        if "truncated" in str(error) and body.lstrip()[:1] == b"{":
            return Unreadable(
                f"the reply ends in the middle ({len(body):,} bytes of JSON came); look at the server's log"
            )
        shown = said(body[:4096])
        return Unreadable(f"the reply is no JSON{': ' + shown if shown else ' but empty'}; {hint}")
    top = decoded(body)
    if isinstance(top, dict | list) and said(top):
        return error_inside(top)
    there = f"no `choices`, only {cut(', '.join(top), 100) or 'nothing'}" if isinstance(top, dict) else "no object"
    there = "its `choices` are no list" if isinstance(top, dict) and "choices" in top else there
    return Unreadable(f"the reply is no chat completion: {there}; {hint}")
