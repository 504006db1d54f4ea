"""Deadline of a request, and drain: nothing new begins, what runs may end, what does not is cut off."""

import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.lifetime import Drain, Lifetime
from tests.server.asgi import CHAT, Call, answering, settle


async def forever(_: Scope, __: Receive) -> bytes:
    await asyncio.Event().wait()
    return b""


def guarded(app: ASGIApp, drain: Drain, deadline: float = 60.0) -> Lifetime:
    return Lifetime(app, drain=drain, deadline=deadline, retry_after=3)


def streaming(kind: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await asyncio.Event().wait()

    return app


async def test_past_its_deadline_it_is_504() -> None:
    call = await Call(guarded(answering(forever), Drain(9), deadline=0.01)).run()
    assert (call.status, call.error["code"]) == (504, "deadline_exceeded")


async def test_a_stream_that_is_cut_off_ends_with_an_error_event() -> None:
    call = await Call(guarded(streaming("text/event-stream; charset=utf-8"), Drain(9), deadline=0.01)).run()
    first, error, done, rest = call.body.decode().split("\n\n")
    assert (call.status, first, done, rest) == (200, "data: 1", "data: [DONE]", "")
    assert error.startswith('data: {"error":{"message":"There was no answer within 0.01 seconds')
    assert call.sent[-1].get("more_body", False) is False


async def test_another_reply_that_is_cut_off_is_left_unfinished() -> None:
    call = await Call(guarded(streaming("text/plain"), Drain(9), deadline=0.01)).run()
    assert call.body == b"data: 1\n\n"


async def test_a_timeout_of_the_application_itself_is_its_own() -> None:
    async def fail(_: Scope, __: Receive) -> bytes:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await Call(guarded(answering(fail), Drain(9))).run()


async def test_only_questions_have_a_deadline() -> None:
    call = Call(guarded(answering(forever), Drain(9), deadline=0.0), path="/runs/stream")
    task = asyncio.create_task(call.run())
    await settle()
    assert not task.done()
    task.cancel()


async def test_a_drain_lets_what_runs_end_and_refuses_what_comes() -> None:
    drain, opened = Drain(30), asyncio.Event()

    async def work(_: Scope, __: Receive) -> bytes:
        await opened.wait()
        return b"done"

    app = guarded(answering(work), drain)
    old, new, health = Call(app), Call(app), Call(app, path="/health/ready", method="GET")
    running = asyncio.create_task(old.run())
    await settle()
    draining = asyncio.create_task(drain.drain())
    await settle()
    await new.run()
    assert (new.status, new.error["code"], new.header("retry-after")) == (503, "server_stopping", "3")
    assert not draining.done()
    opened.set()
    await asyncio.gather(running, draining, health.run())
    assert [(call.status, call.body) for call in (old, health)] == [(200, b"done")] * 2
    assert drain.running == 0


@pytest.mark.parametrize("path", [CHAT, "/threads/t/runs/stream"])
async def test_past_the_grace_period_it_is_cut_off(path: str) -> None:
    drain = Drain(0.01)
    call = Call(guarded(answering(forever), drain), path=path)
    running = asyncio.create_task(call.run())
    await settle()
    await drain.drain()
    await running
    assert (call.status, call.error["code"]) == (503, "server_stopping")
