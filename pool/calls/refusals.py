"""What an error status says about the request: a field it refuses, a role it does not know, a window that is too small.

It is read from the body as the server sent it, in the shapes that servers use: `{"error": {...}}`, `{"error": "..."}`,
`{"detail": [...]}` of FastAPI, `{"message": ...}`, `{"object": "error", ...}`, a list of those, or plain text.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import openai
import orjson

from smacs.pool.calls.failures import cut, overflows, said

_READ = 8_000  # characters of a body that are looked at
_SAID = 160  # characters of its words that are repeated

_NUMBER = r"(\d[\d,]{0,12})"
_WINDOW = [
    re.compile(pattern, re.I)
    for pattern in (
        rf"\d[\d,]{{0,12}} \+ \d[\d,]{{0,12}} > {_NUMBER}",  # prompt + reply > window
        rf"(?:prompt|input|context|too (?:long|large))\D{{0,80}}\d[\d,]{{0,12}} ?(?:tokens)? > {_NUMBER}",
        rf"context[ _-]?(?:length|size|window|limit)[^.\d]{{0,40}}{_NUMBER}",
        rf"{_NUMBER} (?:tokens? )?(?:maximum|max) context",
        rf"inputs`? tokens \+ `?max_new_tokens`? must be <= {_NUMBER}",
        rf"inputs`? must have less than {_NUMBER}",
        rf"maximum number of tokens allowed \(?{_NUMBER}",
        rf"too large[^.]{{0,120}}tokens per minute[^.]{{0,40}}Limit:? {_NUMBER}",
        rf"prompt cannot exceed {_NUMBER}",
        rf"(?:maximum|max|model's) (?:input|sequence|prompt|model|total) (?:length|tokens?)[^.\d]{{0,40}}{_NUMBER}",
        rf"max_(?:model_len|seq_len|total_tokens|input_tokens|position_embeddings|context_length)\W[^.\d]{{0,30}}{_NUMBER}",
        rf"n_ctx\D{{0,20}}{_NUMBER}",
    )
]
_PROMPT = [
    re.compile(pattern, re.I)
    for pattern in (
        rf"{_NUMBER} (?:input tokens|in (?:the|your) (?:messages|prompt)|tokens from the input|of text input)",
        rf"(?:messages resulted in|prompt contains(?: at least)?|prompt is too long:|prompt has) {_NUMBER}",
        rf"(?:input|request|prompt|input token count)(?: is)? \({_NUMBER}(?: tokens)?\)",
        rf"Given: {_NUMBER} `?inputs",
        rf"must have less than \d+ tokens\. Given: {_NUMBER}",
        rf"first {_NUMBER} tokens when context",
        rf"{_NUMBER} \+ \d[\d,]{{0,12}} > \d",
        rf"Requested tokens \({_NUMBER}\)",
        rf"n_prompt_tokens\D{{0,4}}{_NUMBER}",
    )
]
_UP_TO = r"less than or equal to|<=|at most|no (?:more|greater) than|not exceed|maximum (?:of|is|value of)"
_MAX = r"max_?(?:completion_?|new_?|output_?)?tokens"
_OUTPUT = [
    re.compile(pattern, re.I)
    for pattern in (
        rf"at most {_NUMBER} (?:completion|output)",
        rf"> {_NUMBER}, which is the maximum allowed number of output tokens",
        rf"{_MAX}[^\d.]{{0,80}}[\[(] ?\d+ ?, ?{_NUMBER} ?[\])]",
        rf"{_MAX}[^\d.]{{0,40}}\d+[^\d.]{{0,60}}from \d+ \(inclusive\) to {_NUMBER} \(exclusive\)",
        rf"{_MAX}[^\n]{{0,80}}(?:{_UP_TO})\D{{0,4}}{_NUMBER}",
        rf"can only afford {_NUMBER}",
    )
]
_BOTH = re.compile(r"inputs`? tokens \+|prompt \+|\+ max_tokens", re.I)  # both together are too long, not the reply
_NO_SYSTEM = re.compile(
    r"(?:system|developer) (?:role|message|prompt|instruction)s?\b[^.]{0,40}(?:not|n't|un) ?(?:be )?"
    r"(?:support|allow|enable|accept|permit)"
    r"|(?:not|n't) (?:support|allow|accept|permit)\w*[^.]{0,40}\bsystem (?:role|message|prompt|instruction)"
    r"|only (?:supports? )?['\"`]?user['\"`]?(?:,| and| or)[^.]{0,50}(?:role|assistant|model)"
    r"|must alternate|role alternation"
    r"|(?:unexpected|invalid|unknown|unsupported|unrecognized|unrecognised)[^.]{0,20} role\b[^.]{0,20}system"
    r"|['\"`]?system['\"`]? is not (?:one of|a valid|an allowed|supported)"
    r"|role[^.]{0,60}does not support ['\"`]?system"
    r"|role['\"`]?:? ['\"`]?system['\"`]? (?:is )?(?:not|un)"
    r"|system message must be",
    re.I,
)
_OPAQUE = re.compile(r"(?:\W|internal|server|error|500|unexpected)*|.*(?:jinja|template).*", re.I | re.S)
_REFUSES = re.compile(
    r"support|unknown|unrecogni|unexpected|not permitted|not allowed|not enabled|invalid|extra|forbidden|must be", re.I
)
_LISTED = (
    re.compile(r"Unknown name \\?\"(\w+)"),
    re.compile(r"loc\\?['\"]: ?[\[(]\\?['\"]body\\?['\"], ?\\?['\"](\w+)"),
)
_TOGETHER = re.compile(r"parameters?['\"]?:? ?[\[{(]([^\])}]{1,300})[\])}]")
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "max_tokens": ("max_new_tokens", "max_output_tokens", "num_predict"),
    "max_completion_tokens": ("max_tokens", "max_output_tokens"),
    "n": (
        "candidate_count",
        "n_cmpl",
        "num_return_sequences",
        "best_of",
        "multiple candidates",
        "multiple completions",
    ),
    "logprobs": ("response_logprobs", "return_logprob", "logprob", "log probabilities"),
    "presence_penalty": ("penalty", "penalties"),
    "frequency_penalty": ("penalty", "penalties"),
    "stop": ("stop_sequences", "stop_strings"),
}
_MORE_OF_N = re.compile(
    r"(?:only )?one (?:candidate|choice|completion)|n ?(?:>|!=) ?1|\bn must be|single (?:choice|completion)", re.I
)
_UNMISTAKABLE = ("logprobs", "penalty", "penalties")
_BEFORE = r"(?:parameter|argument|field|property|option|supplied|key|param)s?:? *"
_AFTER = r" *(?::|=|>|is not|is un|must|does not|should)"
_NEEDED = ("model", "messages", "stream", "stream_options")


@dataclass(frozen=True, slots=True)
class Overflow:
    """A prompt and a reply that do not fit: the window and the prompt in tokens, as far as the server says them."""

    window: int | None
    prompt: int | None


class Refusal:
    """What the body of an `openai.APIStatusError` says."""

    def __init__(self, error: openai.APIStatusError) -> None:
        self.status = error.status_code
        raw = error.response.content[: 4 * _READ].decode("utf-8", "replace")
        self.body = _parsed(raw, error.body)
        self.text = "\n".join(_strings(self.body))[:_READ] if self.body is not None else raw[:_READ]

    @property
    def said(self) -> str:
        """The server's words on one line, cut."""
        return f"HTTP {self.status}: {cut(said(self.text if self.body is None else self.body), _SAID)}"

    @property
    def concerns_request(self) -> bool:
        """Whether the status is one that says something about the request."""
        return self.status in (400, 402, 413, 415, 422, 500, 501)

    def overflow(self) -> Overflow | None:
        """The window that was exceeded; None where this is about something else."""
        if not self.concerns_request or not overflows(self.status, self.text) or self.most_output():
            return None
        window = _int(_member(self.body, "n_ctx")) or _first(_WINDOW, self.text)
        return Overflow(window, _int(_member(self.body, "n_prompt_tokens")) or _first(_PROMPT, self.text))

    def most_output(self) -> int | None:
        """The most tokens that a reply may have, where more were asked for."""
        if not self.concerns_request or _BOTH.search(self.text):
            return None
        for pattern in _OUTPUT:
            if found := pattern.search(self.text):
                return _int(found[1].replace(",", "")) and int(found[1].replace(",", "")) - ("exclusive" in found[0])
        return None

    def wants_completion_tokens(self) -> bool:
        """Whether it wants `max_completion_tokens` in place of `max_tokens`."""
        instead = re.search(r"\bmax_completion_tokens\b", self.text) and re.search(r"\bmax_tokens\b", self.text)
        return self.concerns_request and bool(instead)

    def has_no_system_role(self) -> bool:
        """Whether it does not accept system messages, or consecutive turns of one role."""
        if not self.concerns_request:
            return False
        of_role = any(re.search(r"messages\W.{0,12}role", place) for place in self._places())
        return bool(_NO_SYSTEM.search(self.text)) or of_role

    def says_nothing(self) -> bool:
        """Whether it is a 500 without a reason, as some servers give where a chat template fails."""
        return self.status == 500 and bool(_OPAQUE.fullmatch(self.text[:2000]))

    def fields(self, sent: Collection[str]) -> list[str]:
        """Which of the parameters that were `sent` it refuses, in its own order; empty where it names none."""
        if self.status not in (400, 422, 500, 501) or (self.status >= 500 and not _REFUSES.search(self.text)):
            return []
        known = [name for name in sent if name not in _NEEDED]
        placed = [name for place in self._places() if (name := _known(place, known))]
        listed = [name for pattern in _LISTED for found in pattern.findall(self.text) if (name := _known(found, known))]
        if together := _TOGETHER.search(self.text):
            listed += [name for word in re.findall(r"\w+", together[1]) if (name := _known(word, known))]
        return list(dict.fromkeys(placed or listed or _mentioned(self.text, known)))

    def _places(self) -> Iterator[str]:
        """Where it says the fault is, in a field of its own: `param`, `loc`, `field`."""
        for place in _members(self.body, ("param", "loc", "field")):
            text = ".".join(map(str, place)) if isinstance(place, list) else str(place or "")
            if text:
                yield text.removeprefix("body.")


def is_settled(error: openai.APIStatusError) -> bool:
    """Whether a 5xx is an answer to the request itself, so that sending it again cannot help."""
    refusal = Refusal(error)
    return refusal.has_no_system_role() or refusal.overflow() is not None


def _parsed(raw: str, body: object) -> Any:
    """The JSON of a body, or what the client made of it; None for plain text."""
    try:
        return orjson.loads(raw)
    except ValueError:
        return body if isinstance(body, dict | list) else None


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in a body, with the names of its places; JSON inside a text is read as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth < 8:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "loc":
                yield f"loc': {json.dumps(item)}"
            elif key != "input":  # FastAPI repeats what was sent
                yield from _strings(item, depth + 1)


def _members(value: Any, names: Collection[str], depth: int = 0) -> Iterator[Any]:
    """The members with these names, at any depth."""
    if depth > 8 or not isinstance(value, dict | list):
        return
    if isinstance(value, dict):
        yield from (value[name] for name in names if value.get(name) is not None)
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if key != "input":
            yield from _members(item, names, depth + 1)


def _member(body: Any, name: str) -> Any:
    return next(_members(body, (name,)), None)


def _first(patterns: Collection[re.Pattern[str]], text: str) -> int | None:
    found = (match for pattern in patterns if (match := pattern.search(text)))
    return next((number for match in found if (number := _int(match[1].replace(",", "")))), None)


def _int(value: Any) -> int | None:
    """A plausible count of tokens, else None."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < 10**9 else None


def _known(place: str, known: Collection[str]) -> str | None:
    """The parameter that a place names: its first part that is one."""
    if place.startswith("messages"):
        return None
    words = {_plain(word) for word in re.split(r"[^\w-]+", place)}
    exact = next((name for name in known if _plain(name) in words), None)
    return exact or next((name for name in known if words & {_plain(alias) for alias in _ALIASES.get(name, ())}), None)


def _plain(name: str) -> str:
    """A name without case and separators: presence_penalty, presencePenalty and presence-penalty are one."""
    return re.sub(r"[\W_]+", "", name).lower()


def _mentioned(text: str, known: Collection[str]) -> list[str]:
    """The parameter that a text mentions first; all those that one word stands for, as `penalty` does."""
    places = {name: place for name in known if (place := _place(text, name)) is not None}
    if not places and "n" in known and _MORE_OF_N.search(text):
        return ["n"]
    first = min(places.values(), default=None)
    return [name for name, place in places.items() if place == first]


def _place(text: str, name: str) -> int | None:
    """Where a text mentions a parameter; a name that is a plain word counts only where it is marked as one."""
    spellings = [name, *_ALIASES.get(name, ())]
    loose = [_spelled(each) for each in spellings if re.search("[_ ]", each) or len(each) > 8 or each in _UNMISTAKABLE]
    marked = map(_spelled, spellings)
    patterns = [rf"(?<![A-Za-z0-9_]){word}(?![A-Za-z0-9_])" for word in loose]
    for word in marked:
        patterns += [rf"['\"`]{word}['\"`]", rf"{_BEFORE}{word}(?![A-Za-z0-9_])"]
        patterns += [rf"(?:^|[.:\n] ?){word}{_AFTER}"] if len(word) > 1 else []
    found = (re.search(pattern, text, re.I) for pattern in patterns)
    return min((match.end() for match in found if match), default=None)


def _spelled(name: str) -> str:
    """A pattern for a name however it is written: presence_penalty, presencePenalty, presence penalty."""
    return "[_ -]?".join(map(re.escape, re.split(r"[_ ]", name)))
