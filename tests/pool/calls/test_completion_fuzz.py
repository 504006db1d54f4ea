"""Mutated replies through the client's readers: each becomes a reply or a failure, soon and in little memory."""

import copy
import json
import math
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import numpy as np
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smacs.pool.calls.completion import MOST_TOKENS
from smacs.pool.calls.failures import Unreadable, status_error
from smacs.pool.calls.generation import read_body
from smacs.pool.calls.replies import Reply
from smacs.pool.config import LLMSpec
from smacs.pool.embed import read_vectors

TOKENS = {
    "content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2.5}]}]
}
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "7*12"}]}, {"type": "text", "text": "84 Größe 😀"}]
SEEDS: list[Any] = [
    {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": TOKENS}
            for i, text in enumerate(("<think>Hm.</think>84", "<|channel|>analysis<|message|>Hm<|end|>", "84 {}[]"))
        ],
        "usage": USAGE,
    },
    {"choices": [{"message": {"content": PARTS, "refusal": None}, "finish_reason": None}], "usage": USAGE},
    {"choices": [{"message": {"content": None, "reasoning_details": [{"type": "reasoning.text", "text": "84"}]}}]},
    {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "gone"}, "message": {"content": ""}}]},
    {"error": {"message": "busy", "code": 429, "metadata": {"raw": "slow down", "provider_name": "p"}}},
    {"object": "error", "message": "maximum context length", "code": 400},
    {"detail": [{"loc": ["body"], "msg": "field required"}]},
    [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}],
    {"data": [{"index": i, "embedding": [0.1, -0.2, 1e-3]} for i in range(3)], "usage": USAGE},
    {"data": [{"index": 0, "embedding": "AACAPwAAAEA="}, {"index": 1, "embedding": "AACAPwAAAEA="}]},
]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    1e308,
    -1e308,
    math.nan,
    math.inf,
    "",
    "x",
    "\ud83d",
    "\x00\x1b[2J",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
]
SCRAPS = [
    b'"',
    b"\\",
    b"{",
    b"]",
    b",",
    b"NaN",
    b"null",
    b"\\ud83d",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"data: ",
    b"\n\n",
    b"<html>",
    b"\x00",
    b"1e999",
]


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in it."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [here, *(path for key, item in inside for path in paths(item, (*here, key)))][: 1 if not inside else None]


def put(value: Any, path: tuple[Any, ...], new: Any, how: str) -> Any:
    """The value with something else at a path: replaced, removed, twice, or in a list."""
    if not path:
        return [value] if how == "wrap" else new
    value = copy.deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    last = path[-1]
    if how == "remove":
        del at[last]
    elif how == "twice" and isinstance(at, list):
        at.insert(last, at[last])
    else:
        at[last] = [at[last]] if how == "wrap" else new
    return value


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A body that some server might send, with mistakes in its fields and in its bytes."""
    value = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(paths(value)))
        value = put(value, path, draw(st.sampled_from(ODD)), draw(st.sampled_from(("put", "remove", "twice", "wrap"))))
    body = json.dumps(value, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    if draw(st.booleans()):
        body = (
            b"data: " + body.replace(b'"message"', b'"delta"') + b"\n\ndata: [DONE]\n\n"
            if draw(st.booleans())
            else body
        )
        for _ in range(draw(st.integers(1, 4))):
            start, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
            scrap = draw(st.one_of(st.sampled_from(SCRAPS), st.binary(max_size=4), st.just(body[start:end])))
            body = body[:start] + scrap + body[draw(st.sampled_from((start, end, start + 1))) :]
    return body


def check(body: bytes) -> None:
    """A reply, a failure, or one of the errors that are declared; nothing in it that cannot be."""
    spec = LLMSpec(endpoint="http://here/v1")
    result = read_body("mine", spec, body)
    if isinstance(result, Reply):
        (choice,) = result.choices
        assert choice.text.encode()
        assert choice.reasoning.encode() is not None
        assert 0 <= result.prompt_tokens <= MOST_TOKENS
        assert 0 <= result.completion_tokens <= MOST_TOKENS
        assert choice.logprob_sum is None or (math.isfinite(choice.logprob_sum) and choice.logprob_sum <= 0)
        json.dumps(result.notes, allow_nan=False).encode()
    else:
        assert len(result.message.encode()) < 4000
        assert "\x1b" not in result.message
    with suppress(Unreadable, openai.APIStatusError):
        assert read_vectors(body, 3).dtype == np.float32
    assert str(status_error(500, body))


@pytest.mark.parametrize(
    "total", [pytest.param(500, marks=pytest.mark.slow), pytest.param(20_000, marks=pytest.mark.soak)]
)
def test_whatever_comes_is_a_reply_or_a_failure(total: int) -> None:
    seen = 0
    for whole in SEEDS:
        check(json.dumps(whole).encode())  # what is imported at the first call is no reply's
    tracemalloc.start()

    @settings(
        max_examples=total,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(bodies())
    def each(body: bytes) -> None:
        nonlocal seen
        seen += 1
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        check(body)
        _, peak = tracemalloc.get_traced_memory()
        assert peak - before < 100 * len(body) + 500_000

    try:
        each()
    finally:
        tracemalloc.stop()
    assert seen >= total


UNITS = [
    b": ",
    b":\n",
    b"{",
    b"[",
    b"[],",
    b"{},",
    b'"',
    b"\\",
    b'\\"',
    b"NaN,",
    b"\\ud83d",
    b"data: {}\n",
    b"data: [1]\n\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b"<",
    b" ",
    b'"a":1,',
    b"1,",
]
FRAMES = [
    (b"", b""),
    (b'{"choices":[', b"]}"),
    (b'{"choices":[{"message":{"content":"', b'"}}]}'),
    (b'{"choices":[{"message":{"content":[', b"]}}]}"),
    (b'{"id":null,"choices":[{"message":{"content":"x"},"logprobs":{"content":[', b"]}}]}"),
    (b'data: {"choices":[{"delta":{"content":"', b'"}}]}\n\n'),
    (b'{"error":', b"}"),
    (b'{"data":[{"embedding":[', b"]}]}"),
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_long_replies_of_one_unit_cost_time_and_memory_in_proportion(unit: bytes) -> None:
    """200 KB each: a quadratic reader would take minutes, one that builds every object a hundred megabytes."""
    start = time.process_time()
    for first, last in FRAMES:
        body = first + unit * (200_000 // len(unit)) + last
        tracemalloc.start()
        check(body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100 * len(body)
    assert time.process_time() - start < 100
