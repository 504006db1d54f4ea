"""Chat completions as bytes, rendered once for each kind of reply and then only copied."""

import random
from functools import lru_cache
from typing import Any

import orjson

from tools.mock.behaviour import Fault

WORDS = ("the", "of", "and", "answer", "is", "because", "so", "two", "é,", "model", "step", "follows")
THINKING = "Let me think. One step, then another."
CREATED = 1_700_000_000


def split(text: str) -> tuple[str, ...]:
    """A text as tokens: its words, each with the space before it."""
    first, *rest = text.split(" ")
    return (first, *(" " + word for word in rest))


@lru_cache(maxsize=512)
def made_up(model: str, index: int, tokens: int) -> tuple[str, ...]:
    """The tokens of choice `index` of `model`, the same ones every time."""
    return split(" ".join(random.Random(f"{model} {index}").choices(WORDS, k=tokens)))


def logprobs(tokens: tuple[str, ...], value: float | None, top: int) -> list[dict[str, Any]]:
    """The `logprobs.content` list as vLLM sends it; made-up values are between -1 and 0."""
    source = random.Random("".join(tokens))

    def entry(token: str, logprob: float) -> dict[str, Any]:
        return {"token": token, "logprob": logprob, "bytes": list(token.encode())}

    values = [-source.random() if value is None else value for _ in tokens]
    return [
        entry(token, logprob) | {"top_logprobs": [entry(token, logprob - rank) for rank in range(top)]}
        for token, logprob in zip(tokens, values, strict=True)
    ]


def message(text: str, fault: Fault) -> dict[str, Any]:
    """The message, with its thinking where `fault` wants it."""
    whole: dict[str, Any] = {"role": "assistant", "content": text}
    match fault:
        case "think":
            return whole | {"content": f"<think>\n{THINKING}\n</think>\n\n{text}"}
        case "think_unopened":
            return whole | {"content": f"{THINKING}\n</think>\n\n{text}"}
        case "think_only":
            return whole | {"content": f"<think>\n{THINKING}"}
        case "field":
            return whole | {"reasoning_content": THINKING}
        case "reasoning":
            return whole | {"reasoning": THINKING}
        case _:
            return whole


@lru_cache(maxsize=512)
def chat(
    model: str,
    texts: tuple[tuple[str, ...], ...],
    finish: str,
    fault: Fault,
    top: int | None,
    logprob: float | None,
) -> bytes:
    """A chat completion without its end, which `usage` is; no log-probabilities when `top` is None."""
    choices = [
        {
            "index": index,
            "message": message("".join(tokens), fault),
            "logprobs": None if top is None else {"content": logprobs(tokens, logprob, top)},
            "finish_reason": finish,
        }
        for index, tokens in enumerate(texts)
    ]
    body = {"id": "chatcmpl-mock", "object": "chat.completion", "created": CREATED, "model": model}
    return orjson.dumps(body | {"choices": choices})[:-1]


def usage(prompt: int, completion: int) -> bytes:
    """The end of a chat completion: its token counts."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return b"," + orjson.dumps({"usage": counts})[1:]


def stream(body: bytes, with_usage: bool) -> bytes:
    """A chat completion as server-sent events: one for each token, one for the finish, one for the usage."""
    whole = orjson.loads(body)
    base = {"id": whole["id"], "object": "chat.completion.chunk", "created": CREATED, "model": whole["model"]}
    chunks = [chunk for choice in whole["choices"] for chunk in deltas(choice)]
    if with_usage:
        chunks.append({"choices": [], "usage": whole["usage"]})
    events = [orjson.dumps(base | chunk) for chunk in chunks]
    return b"".join(b"data: " + event + b"\n\n" for event in [*events, b"[DONE]"])


def deltas(choice: dict[str, Any]) -> list[dict[str, Any]]:
    """The chunks of one choice; log-probabilities go with the tokens, where these make up the content."""
    content, scored = choice["message"].pop("content"), (choice["logprobs"] or {}).get("content", [])
    steps: list[tuple[dict[str, Any], Any]] = [({"content": token}, None) for token in split(content)]
    if "".join(entry["token"] for entry in scored) == content:
        steps = [({"content": entry["token"]}, {"content": [entry]}) for entry in scored]
    pieces = [(choice["message"] | {"content": ""}, None, None), *((*step, None) for step in steps)]
    return [
        {"choices": [{"index": choice["index"], "delta": delta, "logprobs": scores, "finish_reason": finish}]}
        for delta, scores, finish in [*pieces, ({}, None, choice["finish_reason"])]
    ]


def error(message: str, status: int) -> bytes:
    """The OpenAI error shape, with vLLM's names."""
    kind = "BadRequestError" if status == 400 else "MockError"
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": status}})
