"""From a chat or embeddings request and the model's plan to the answer; a vector depends on nothing but its text."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import orjson

from tools.mock import completions
from tools.mock.behaviour import Behaviour
from tools.mock.wire import Answer

PAGE = b"<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
IMPOSSIBLE = (-7, 10**12)  # tokens


class Message(msgspec.Struct):
    """One message of a chat request."""

    content: str | list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        if isinstance(self.content, str):
            return len(self.content)
        return sum(len(str(part.get("text", ""))) for part in self.content or [])


class Ask(msgspec.Struct):
    """What the mock reads of a request."""

    model: str
    messages: list[Message] = []
    n: int = 1
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    logprobs: bool | None = False
    top_logprobs: int | None = None
    stream: bool | None = False
    stream_options: dict[str, Any] | None = None
    input: str | list[str] = []
    dimensions: int | None = None
    encoding_format: str | None = "float"

    @property
    def limit(self) -> int | None:
        """The most tokens of a reply, by either of its names."""
        return self.max_completion_tokens or self.max_tokens


def faulty(ask: Ask, plan: Behaviour) -> Answer | None:
    """The answer where the fault is one of the connection or the status, else None."""
    match plan.fault:
        case "refuse":
            return Answer(ending="closed")
        case "hang":
            return Answer(ending="never")
        case "garbage":
            return Answer(PAGE, kind="text/html")
        case "400" | "401" | "404" | "429" | "500" | "503" as fault:
            headers = "retry-after: 0\r\n" if fault == "429" else ""
            text = f"the mock was told to answer {fault}"
            return Answer(completions.error(text, int(fault)), int(fault), headers=headers)
        case "overflow" if (size := sum(map(len, ask.messages))) > plan.chars:
            return Answer(completions.error(overflow(plan.chars // 4, size // 4, ask.limit or 0), 400), 400)
        case _:
            return None


def overflow(window: int, prompt: int, asked: int) -> str:
    """What vLLM says to a prompt that is too long; all in tokens."""
    return (
        f"This model's maximum context length is {window} tokens. However, you requested {asked} output "
        f"tokens and your prompt contains at least {prompt} input tokens, for a total of at least "
        f"{prompt + asked} tokens. Please reduce the length of the input prompt or the number of requested "
        "output tokens."
    )


def chat(ask: Ask, plan: Behaviour) -> Answer:
    """A chat completion of `ask.n` choices, whole or streamed."""
    texts, finish = choices(ask, plan)
    top = (ask.top_logprobs or 0) if ask.logprobs and plan.fault != "no_logprobs" else None
    body = completions.chat(ask.model, texts, finish, plan.fault, top, plan.logprob)
    body += completions.usage(*(IMPOSSIBLE if plan.fault == "usage" else counted(ask, texts)))
    if not ask.stream:
        return Answer(body)
    with_usage = bool((ask.stream_options or {}).get("include_usage"))
    return Answer(completions.stream(body, with_usage), kind="text/event-stream")


def counted(ask: Ask, texts: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Tokens of the prompt and of all choices."""
    return sum(map(len, ask.messages)) // 4, sum(map(len, texts))


def choices(ask: Ask, plan: Behaviour) -> tuple[tuple[tuple[str, ...], ...], str]:
    """The tokens of each choice, and why they end."""
    if plan.fault == "empty":
        return ((),) * ask.n, "stop"
    if plan.text is not None:
        texts = [plan.text] if isinstance(plan.text, str) else plan.text
        return tuple(completions.split(texts[index % len(texts)]) for index in range(ask.n)), "stop"
    tokens = min(ask.limit or plan.tokens, plan.tokens)
    made_up = tuple(completions.made_up(ask.model, index, tokens) for index in range(ask.n))
    return made_up, "length" if tokens < plan.tokens else "stop"


def embeddings(ask: Ask, plan: Behaviour) -> Answer:
    """The embeddings of the input, none of them for the fault `empty`."""
    texts = [ask.input] if isinstance(ask.input, str) else ask.input
    wanted = [] if plan.fault == "empty" else texts
    dimension = ask.dimensions or plan.dimension
    return Answer(vectors(ask.model, wanted, dimension, ask.encoding_format == "base64"))


@lru_cache(maxsize=4096)
def vector(text: str, dimension: int, as_base64: bool) -> bytes:
    """The text's unit vector as JSON: a list of floats, or the base64 of little-endian float32."""
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    drawn = np.random.default_rng(seed).standard_normal(dimension)
    unit = (drawn / np.linalg.norm(drawn)).astype("<f4")
    return orjson.dumps(base64.b64encode(unit.tobytes()).decode() if as_base64 else unit.tolist())


def vectors(model: str, texts: list[str], dimension: int, as_base64: bool) -> bytes:
    """An embeddings reply with one vector for each text."""
    rows = (
        b'{"object":"embedding","index":%d,"embedding":%b}' % (index, vector(text, dimension, as_base64))
        for index, text in enumerate(texts)
    )
    tokens = sum(map(len, texts)) // 4
    head = b'{"object":"list","model":%b,"data":[' % orjson.dumps(model)
    return head + b",".join(rows) + b'],"usage":{"prompt_tokens":%d,"total_tokens":%d}}' % (tokens, tokens)
