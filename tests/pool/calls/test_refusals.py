"""Reading a refusal never fails, and takes time in proportion to its length, whatever a server sends."""

import json
import time
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.pool.calls.dialect import Dialect, without_system
from smacs.pool.calls.refusals import Refusal, is_settled
from smacs.pool.config import LLMSpec

SENT = {
    "model": "m",
    "messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}],
    "n": 2,
    "max_tokens": 900,
    "logprobs": True,
    "top_logprobs": 1,
    "extra_body": {"top_k": 3},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "detail", "loc", "param", "msg", "n_ctx"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def status_error(status: int, content: bytes) -> openai.APIStatusError:
    response = httpx2.Response(status, content=content, request=httpx2.Request("POST", "http://h/v1"))
    return openai.APIStatusError("x", response=response, body=None)


@given(st.sampled_from([400, 413, 422, 500, 501, 503]), JSON | st.text())
def test_any_body_is_read(status: int, body: Any) -> None:
    error = status_error(status, body.encode() if isinstance(body, str) else json.dumps(body).encode())
    dialect = Dialect("a", LLMSpec(endpoint="http://h/v1"))
    changes = dialect.learn(error, SENT)
    assert changes is None or "messages" in dialect.translate({**SENT, **changes})
    assert is_settled(error) in (True, False)
    assert Refusal(error).said.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize(
    "unit",
    [b"max_tokens ", b"9", b"context length ", b"system role ", b"> 1", b"n > 1 (", b"'", b"\\", b"[{", b"error "],
)
def test_long_bodies_are_read_in_time(unit: bytes) -> None:
    """Only so much of a body is looked at: a hundred times as much takes no hundred times as long."""
    error = status_error(400, unit * (4_000_000 // len(unit)))
    start = time.monotonic()
    Dialect("a", LLMSpec(endpoint="http://h/v1")).learn(error, SENT)
    assert time.monotonic() - start < 20  # minutes, were it quadratic


def test_system_messages_go_before_the_first_question() -> None:
    system, user, reply = ({"role": role, "content": role[0]} for role in ("system", "user", "assistant"))
    assert without_system([system, user, reply, user]) == [{"role": "user", "content": "s\n\nu"}, reply, user]
    assert without_system([system]) == [{"role": "user", "content": "s"}]
    assert without_system([user, user, system]) == [{"role": "user", "content": "s\n\nu\n\nu"}]
    picture = {"role": "user", "content": [{"type": "text", "text": "u"}]}
    parts = [{"type": "text", "text": "s"}, {"type": "text", "text": "u"}]
    assert without_system([system, picture]) == [{"role": "user", "content": parts}]
    assert system == {"role": "system", "content": "s"}
