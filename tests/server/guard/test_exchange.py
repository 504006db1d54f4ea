"""The id of a request: the client's where it is sane, and the same in the reply and in all that is done for it."""

import asyncio
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope

from smacs.pool.calls.replies import Choice, Failure, Reply, Unfinished
from smacs.server.guard.exchange import RequestId, charge, cost_of, current
from smacs.telemetry import request_id
from tests.server.asgi import Call, answering


async def show(_: Scope, __: Receive) -> bytes:
    exchange = current()
    assert exchange is not None
    assert exchange.request_id == request_id.get()
    return request_id.get().encode()


def ask(**headers: str) -> Call:
    call = Call(RequestId(answering(show)), headers={k.replace("_", "-"): v for k, v in headers.items()})
    return asyncio.run(call.run())


@pytest.mark.parametrize("mine", ["a", "req_1.2-3", "x" * 128])
def test_a_sane_one_is_kept(mine: str) -> None:
    call = ask(x_request_id=mine)
    assert (call.header("x-request-id"), call.body.decode()) == (mine, mine)


@settings(max_examples=40)
@given(st.text(st.characters(max_codepoint=255), max_size=140))
def test_whatever_comes_the_reply_has_a_sane_one(given: str) -> None:
    call = ask(x_request_id=given)
    told = call.header("x-request-id") or ""
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", told)
    assert told == call.body.decode()
    assert (told == given) == (re.fullmatch(r"[A-Za-z0-9._-]{1,128}", given) is not None)


def test_calls_are_charged_to_the_request_they_are_made_for() -> None:
    async def work(scope: Scope, _: Receive) -> bytes:
        reply = Reply("llm", (Choice("text"),), prompt_tokens=30, completion_tokens=12, seconds=1.0)
        for result in (reply, Failure("llm", "late", "", 1.0), reply):
            await asyncio.create_task(charged(result))
        return str(scope["state"]["exchange"].tokens).encode()

    async def charged(result: Reply | Failure) -> None:
        charge(result)

    call = asyncio.run(Call(RequestId(answering(work))).run())
    assert call.body == b"84"  # 2 * (30 + 12)
    charge(Reply("llm", (), 1, 1, 0.0))  # nobody asked over HTTP
    assert current() is None


def test_a_call_that_was_given_up_costs_what_there_was_time_for() -> None:
    """At 300 tokens a second for each choice, or as fast as its fastest reply; never more than `max_tokens`."""
    late = Failure("slow", "late", "", 9.0, unfinished=Unfinished(20, choices=2, max_tokens=1000, seconds=0.5))
    assert cost_of(late) == 20 + 2 * 150
    cost_of(Reply("slow", (Choice("a"), Choice("b")), 10, 1600, seconds=1.0))  # 800 a second
    assert cost_of(late) == 20 + 2 * 400
    assert cost_of(Failure("slow", "cancelled", "", 99.0, unfinished=Unfinished(20, 2, 1000, 90.0))) == 20 + 2 * 1000
    assert cost_of(Failure("slow", "unreachable", "", 9.0)) == 0
    assert cost_of(Failure("slow", "empty", "", 9.0, spent=30)) == 30
