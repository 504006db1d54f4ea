"""What an LLM call returns: a `Reply` or a `Failure`, never an exception.

Both are plain frozen records, small enough to keep in a trace.
"""

from dataclasses import dataclass
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

    `notes` say what of it could not be read and was left out, or was read in another way than is usual.
    """

    llm: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed; `message` names the LLM, the endpoint and the remedy, and never holds a key."""

    llm: str
    kind: FailureKind
    message: str
    seconds: float
