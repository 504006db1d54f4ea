"""Bodies over the limit are refused, whether they say how long they are or not."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.server.guard.request import SizeLimit
from tests.server.asgi import Call, answering, echo, whole

LIMIT = 10


def send(*chunks: bytes, **headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(Call(SizeLimit(answering(echo), limit=LIMIT), headers=named, chunks=chunks).run())


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=5))
def test_a_body_passes_as_it_is_or_not_at_all(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    call = send(*chunks)
    if len(body) <= LIMIT:
        assert (call.status, call.body) == (200, body)
    else:
        assert (call.status, call.error["code"]) == (413, "request_too_large")
        assert call.header("connection") == "close"


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=8))
def test_never_more_than_the_limit_is_handed_on(chunks: list[bytes]) -> None:
    seen = 0

    async def count(scope: object, receive: object) -> bytes:
        nonlocal seen
        while (message := await receive())["type"] == "http.request":  # type: ignore[operator]
            seen += len(message["body"])
            if not message["more_body"]:
                break
        return b""

    asyncio.run(Call(SizeLimit(answering(count), limit=LIMIT), chunks=chunks).run())
    assert seen <= LIMIT


@pytest.mark.parametrize("announced", ["11", "1000000", "9" * 5000])
def test_a_long_body_is_refused_before_it_comes(announced: str) -> None:
    assert send(b"x", content_length=announced).status == 413


@pytest.mark.parametrize("announced", ["0", "10", "-1", "ten", "", "1e3", "\xb2"])
def test_what_is_announced_is_no_reason_to_believe_it(announced: str) -> None:
    assert send(b"x", content_length=announced).status == 200
    assert send(b"x" * 11, content_length=announced).status == 413


def test_an_application_that_fails_over_a_cut_body_is_not_heard() -> None:
    async def fail(_: object, receive: object) -> bytes:
        if not await whole(receive):  # type: ignore[arg-type]
            raise RuntimeError("the body broke off")
        return b"ok"

    call = asyncio.run(Call(SizeLimit(answering(fail), limit=LIMIT), chunks=(b"x" * 8, b"x" * 8)).run())
    assert call.status == 413
