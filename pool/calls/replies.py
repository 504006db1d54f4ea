"""What an LLM call returns: a `Reply` or a `Failure`, never an exception.

Both are plain frozen records, small enough to keep in a trace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

FailureKind = Literal[
    "unreachable",  # connection refused, reset or dropped mid-body
    "late",  # not finished within the deadline
    "rejected",  # a 4xx that retrying does not help
    "overloaded",  # 429 or 5xx, also after the retries
    "overflow",  # the prompt is longer than the context window
    "garbage",  # the body is no chat completion
    "empty",  # no text, or nothing but thinking
    "cancelled",  # enough other references were there
]


@dataclass(frozen=True, slots=True)
class Choice:
    """One completion of a call.

    `text` is without thinking, `reasoning` is the thinking. `logprob_sum` is the sum of the natural log-probabilities
    of the `logprob_count` generated tokens, None where the endpoint sent none.
    """

    text: str
    reasoning: str = ""
    finish: str = "stop"
    logprob_sum: float | None = None
    logprob_count: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A call that succeeded: one `Choice` for each of the `n` asked for, tokens summed over all of them.

    `notes` say what of it could not be read and was left out, or was read in another way than is usual, `learned` what
    was learned about its servers meanwhile, each only once in a process.
    """

    llm: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    notes: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A call that was sent and given up before its end: what its server may have spent on it all the same.

    `prompt_tokens` is estimated; each of `choices` may have got as far as `max_tokens` in the `seconds` since the call
    was sent, the wait for a slot left aside.
    """

    prompt_tokens: int
    choices: int
    max_tokens: int
    seconds: float

    def tokens(self, speed: float) -> int:
        """At most how many it cost, at `speed` tokens a second for each choice."""
        return self.prompt_tokens + self.choices * min(self.max_tokens, round(speed * self.seconds))


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed; `message` names the LLM, the endpoint and the remedy, and never holds a key.

    `status` is that of HTTP, where there was a reply. `unfinished` is there where it was given up while its server
    worked on it; `spent` are the tokens of a reply that came and could not be used.
    """

    llm: str
    kind: FailureKind
    message: str
    seconds: float
    status: int | None = None
    unfinished: Unfinished | None = None
    spent: int = 0

    @property
    def public(self) -> "Failure":
        """The same without address, key or word of an endpoint, for clients of a server: name, kind and HTTP status."""
        status = f" (HTTP {self.status})" if self.status else ""
        return replace(self, message=f"{self.llm}: {_PUBLIC[self.kind]}{status}")


_PUBLIC: Mapping[FailureKind, str] = {
    "unreachable": "no connection to its endpoint",
    "late": "no reply within the deadline",
    "rejected": "its endpoint refused the call",
    "overloaded": "its endpoint has too much to do",
    "overflow": "the prompt is longer than its context window",
    "garbage": "its endpoint sent no chat completion",
    "empty": "an empty reply",
    "cancelled": "given up, enough others had answered",
}
