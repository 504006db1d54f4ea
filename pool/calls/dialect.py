"""What the servers of one LLM accept: what its pool file says, and what they have refused so far in this process."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import openai

from smacs.pool.calls.refusals import Overflow, Refusal
from smacs.pool.calls.urls import shown
from smacs.pool.calls.window import at_most_tokens, estimate_prompt
from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Message

T = TypeVar("T")

log = logging.getLogger("smacs.pool")

TURNS = 12  # at most so many requests for one call: each but the last has taught something
_TEMPLATE_RESERVE = 64  # tokens the server's chat template may add
_SMALLEST_REPLY = 16
_HALVABLE = 512  # tokens: a reply that is shorter is not what makes a request too long
_MAX_TOKENS = ("max_tokens", "max_completion_tokens")
_SYSTEM = ("system", "developer")


class Dialect:
    """Turns a request into one that the servers accept, and learns from what they refuse.

    `news` are sentences about what was learned that nobody has been told yet; each is also logged, once.
    """

    def __init__(self, name: str, spec: LLMSpec) -> None:
        self.name = name
        self.left_out = set(spec.leave_out)
        self.renamed = dict(spec.rename)
        self.system_role = spec.system_role
        self.news: list[str] = []
        self._most: int | None = None  # output tokens
        self._given = spec.window
        self._default = spec.context
        self._read: int | None = None  # window that the server gives out
        self._learned: int | None = None  # the window that an error named
        self._reserve = _TEMPLATE_RESERVE
        self._system_taken = False  # a system message was answered, or it was not what a 500 was about

    @property
    def window(self) -> int:
        """Context window in tokens: the pool file's word, then the server's, then a guess; an error knows better."""
        window = self._given or self._read or self._default
        return min(window, self._learned or window)

    @property
    def wants_window(self) -> bool:
        """Whether the server has to be asked for its window."""
        return self._given is None and self._read is None and self._learned is None

    @property
    def single(self) -> bool:
        """Whether several completions have to be asked for one by one."""
        return "n" in self.left_out

    def take_window(self, window: int) -> None:
        """Take the window that a server reports."""
        self._read = window

    def take_news(self) -> tuple[str, ...]:
        """The news; they are forgotten here."""
        news, self.news = tuple(self.news), []
        return news

    def translate(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The request as the servers accept it; renamed parameters go into `extra_body`: clients know only their own.

        `max_tokens` leave room for the prompt.
        """
        sent = dict(payload)
        if not self.system_role:
            sent["messages"] = without_system(sent["messages"])
        if sent.get("max_tokens"):
            sent["max_tokens"] = self.fitted(sent["max_tokens"], sent["messages"])
        extra = dict(sent.pop("extra_body", None) or {})
        for ours, theirs in self.renamed.items():
            for place in (sent, extra):
                if ours in place:
                    extra[theirs] = place.pop(ours)
        for name in self.left_out | ({"top_logprobs"} if "logprobs" in self.left_out else set()):
            sent.pop(name, None)
            extra.pop(name, None)
        return sent | ({"extra_body": extra} if extra else {})

    def fitted(self, max_tokens: int, messages: Sequence[Mapping[str, Any]]) -> int:
        """As many of `max_tokens` as the window leaves beside the prompt; a few in any case."""
        most = min(max_tokens, self._most or max_tokens)
        room, prompt = self.window - self._reserve, _texts(messages)
        if most > room - at_most_tokens(prompt):
            most = min(most, max(room - estimate_prompt(prompt), _SMALLEST_REPLY))
        return most

    def learn(self, error: openai.APIStatusError, sent: Mapping[str, Any]) -> dict[str, Any] | None:
        """What to change in the request that was `sent`, after its refusal; None if nothing can be done.

        What is learned for good changes `translate`; the changes returned hold for this request alone.
        """
        refusal = Refusal(error)
        if overflow := refusal.overflow():
            return self._fit_window(overflow, refusal, sent)
        if most := refusal.most_output():
            return self._limit_output(most, refusal, sent)
        if self._misses_system(refusal, sent):
            return self._go_without_system(refusal)
        body = {**sent, **(sent.get("extra_body") or {})}
        if "max_tokens" in body and refusal.wants_completion_tokens():
            return self._rename(refusal)
        if names := refusal.fields(body):
            return self._leave_out(names, refusal)
        return None

    async def ask(self, payload: Mapping[str, Any], post: Callable[[Mapping[str, Any]], Awaitable[T]]) -> T:
        """What `post` returns for a request. Whatever is refused is changed, and the request sent again.

        Raises what `post` does where nothing is left to change.
        """
        sent = self.translate(payload)
        guessed: openai.APIStatusError | None = None
        for turn in range(1, TURNS + 1):
            try:
                reply = await post(sent)
            except openai.APIStatusError as error:
                if changes := self._guess(error, sent):
                    guessed = error
                else:
                    changes = self.learn(error, sent)
                payload = {**payload, **(changes or {})}
                again = self.translate(payload)
                if changes is None or again == sent or turn == TURNS:
                    self._system_taken = self._system_taken or guessed is not None  # it was not about that
                    raise (guessed or error) from None
                sent = again
            else:
                self._system_taken = self._system_taken or _has_system(sent)
                if guessed is not None:
                    self.system_role = False
                    said = "answers system messages with HTTP 500"
                    self._tell(said, "system_role = false", "their text goes before the question")
                return reply
        raise AssertionError("unreachable")

    def _guess(self, error: openai.APIStatusError, sent: Mapping[str, Any]) -> dict[str, Any] | None:
        """A 500 without a reason may be about a system message: some servers say no more when a template fails."""
        if self._system_taken or not self.system_role or not _has_system(sent) or not Refusal(error).says_nothing():
            return None
        return {"messages": without_system(sent["messages"])}

    def _fit_window(self, found: Overflow, refusal: Refusal, sent: Mapping[str, Any]) -> dict[str, Any] | None:
        window, prompt = found.window, found.prompt
        if window is not None and window < self.window:
            self._learned = window
            self._tell(f"has a window of {window:,} tokens ({refusal.said})", f"context = {window}", "requests fit it")
        if prompt is not None and prompt + _SMALLEST_REPLY > self.window:
            return None  # the prompt alone is too long
        if prompt is not None:
            self._reserve = max(self._reserve, prompt - estimate_prompt(_texts(sent["messages"])) + _SMALLEST_REPLY)
        most = _max_tokens(sent)
        if window is None and prompt is None and most is not None and most > _HALVABLE:
            self._tell(f"finds a request too long ({refusal.said})", "context = ...", "it is asked for half the tokens")
            return {"max_tokens": most // 2}
        return {}

    def _limit_output(self, most: int, refusal: Refusal, sent: Mapping[str, Any]) -> dict[str, Any] | None:
        if (_max_tokens(sent) or 0) <= most:
            return None
        if self._most is None or most < self._most:
            self._most = most
            self._tell(
                f"writes at most {most:,} tokens ({refusal.said})",
                f"sampling.max_tokens = {most}",
                "no more are asked for",
            )
        return {}

    def _misses_system(self, refusal: Refusal, sent: Mapping[str, Any]) -> bool:
        messages = sent["messages"]
        changed = _has_system(sent) or without_system(messages) != list(messages)
        return self.system_role and changed and refusal.has_no_system_role()

    def _go_without_system(self, refusal: Refusal) -> dict[str, Any]:
        self.system_role = False
        self._tell(
            f"takes no system messages ({refusal.said})", "system_role = false", "their text goes before the question"
        )
        return {}

    def _rename(self, refusal: Refusal) -> dict[str, Any]:
        ours, theirs = _MAX_TOKENS
        if self.renamed.get(ours) != theirs:
            self.renamed[ours] = theirs
            key = f'rename = {{ {ours} = "{theirs}" }}'
            self._tell(f"wants `{theirs}` in place of `{ours}` ({refusal.said})", key, "it gets that")
        return {}

    def _leave_out(self, names: Sequence[str], refusal: Refusal) -> dict[str, Any]:
        ours = {theirs: ours for ours, theirs in self.renamed.items()}
        for name in dict.fromkeys(ours.get(name, name) for name in names):
            if name not in self.left_out:
                self.left_out.add(name)
                done = "completions are asked for one by one" if name == "n" else "it is left out"
                self._tell(f"refuses `{name}` ({refusal.said})", f'leave_out = ["{name}"]', done)
        return {}

    def _tell(self, what: str, key: str, done: str) -> None:
        text = shown(f"{self.name} {what}: {done}; `{key}` in the pool file saves the request that was refused")
        if text not in self.news:
            self.news.append(text)
            log.warning("%s", text)


def without_system(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with system texts moved into the first user message, and consecutive turns of one role joined."""
    system = [message["content"] for message in messages if message["role"] in _SYSTEM and message.get("content")]
    rest = [dict(message) for message in messages if message["role"] not in _SYSTEM]
    first = next((at for at, message in enumerate(rest) if message["role"] == "user"), None)
    if system and first is None:
        rest.append({"role": "user", "content": _joined(system)})
    elif system and first is not None:
        rest[first]["content"] = _joined([*system, rest[first].get("content")])
    return _alternating(rest)


def _alternating(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    joined: list[dict[str, Any]] = []
    for message in messages:
        last = joined[-1] if joined else None
        plain = set(message) <= {"role", "content"} and last is not None and set(last) <= {"role", "content"}
        if last is not None and plain and last["role"] == message["role"]:
            last["content"] = _joined([last["content"], message["content"]])
        else:
            joined.append(message)
    return joined


def _joined(contents: Sequence[Any]) -> Any:
    """Contents one after another: a text if all are texts, else a list of parts."""
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(filter(None, contents))
    parts = [[{"type": "text", "text": each}] if isinstance(each, str) else list(each or ()) for each in contents]
    return [part for some in parts for part in some]


def _texts(messages: Sequence[Mapping[str, Any]]) -> list[Message]:
    """The messages as text alone, to count tokens: parts and calls of tools count as they are written."""
    contents = ((message["role"], message.get("content")) for message in messages)
    return [{"role": role, "content": text if isinstance(text, str) else str(text or "")} for role, text in contents]


def _has_system(payload: Mapping[str, Any]) -> bool:
    return any(message["role"] in _SYSTEM for message in payload["messages"])


def _max_tokens(sent: Mapping[str, Any]) -> int | None:
    """The `max_tokens` of a request, under either name."""
    body = {**sent, **(sent.get("extra_body") or {})}
    found = (body[name] for name in _MAX_TOKENS if isinstance(body.get(name), int))
    return next(found, None)
