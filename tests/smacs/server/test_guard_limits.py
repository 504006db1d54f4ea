"""Limits of one key: requests within any minute, at once, and tokens by day."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.allowance import Allowance
from smacs.server.guard.exchange import Exchange
from smacs.server.guard.keyfile import Key, Limits
from smacs.server.guard.limits import KeyLimits
from smacs.server.guard.refusal import Refusal
from tests.smacs.server.asgi import Call, answering, settle

NOON = 20_000 * 86_400.0 + 43_200


def test_the_third_of_two_a_minute_waits_until_the_first_is_a_minute_old() -> None:
    limits, allowance = Limits(requests_per_minute=2), Allowance()
    assert [allowance.take(limits, NOON + after, 2) for after in (0, 10)] == [None, None]
    refused = allowance.take(limits, NOON + 15.5, 2)
    assert refused is not None
    assert (refused.status, refused.reason, refused.headers["Retry-After"]) == (429, "rate", "45")  # 60 - 15.5 = 44.5
    assert allowance.take(limits, NOON + 60, 2) is None
    assert allowance.take(limits, NOON + 69.9, 2) is not None
    assert allowance.take(limits, NOON + 70, 2) is None


@given(st.integers(1, 5), st.lists(st.floats(0, 40), max_size=40))
def test_no_minute_holds_more_than_its_limit(most: int, pauses: list[float]) -> None:
    allowance, limits, now, taken = Allowance(), Limits(requests_per_minute=most), NOON, []
    for pause in pauses:
        now += pause
        refusal = allowance.take(limits, now, 2)
        if refusal is None:
            taken.append(now)
        else:
            assert int(refusal.headers["Retry-After"]) >= 1
            later = now + int(refusal.headers["Retry-After"])
            assert sum(later - 60 < time for time in taken) < most  # then there is room
    assert all(sum(start <= time < start + 60 for time in taken) <= most for start in taken)


def test_at_once() -> None:
    limits, allowance = Limits(running=1), Allowance()
    assert allowance.take(limits, NOON, 2) is None
    refused = allowance.take(limits, NOON, 2)
    assert refused is not None
    assert (refused.reason, refused.code, refused.headers["Retry-After"]) == ("running", "rate_limit_exceeded", "2")
    allowance.release(0, NOON)
    assert allowance.take(limits, NOON, 2) is None


def test_tokens_of_a_day_are_forgotten_at_midnight() -> None:
    limits, allowance = Limits(tokens_per_day=100), Allowance()
    assert allowance.take(limits, NOON, 2) is None
    allowance.release(100, NOON + 5)
    refused = allowance.take(limits, NOON + 10, 2)
    assert refused is not None
    assert (refused.code, refused.headers["Retry-After"]) == ("insufficient_quota", "43190")  # 43,200 s less 10
    assert allowance.take(limits, NOON + 43_200, 2) is None


@pytest.mark.parametrize(("wait", "told"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.2, "2"), (-5.0, "1")])
def test_retry_after_is_a_whole_number_of_at_least_one(wait: float, told: str) -> None:
    assert Refusal(429, "queue", "", "", wait).headers["Retry-After"] == told


def keyed(app: ASGIApp, key: Key) -> ASGIApp:
    """The app as it is called within `RequireKey`."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"key": key, "exchange": Exchange("id", tokens=7)}
        await app(scope, receive, send)

    return call


async def test_each_key_has_an_account_of_its_own_and_pays_for_its_tokens() -> None:
    opened = asyncio.Event()

    async def work(_: Scope, __: Receive) -> bytes:
        await opened.wait()
        return b""

    limited = KeyLimits(answering(work), retry_after=2)
    alice, bob = (
        keyed(limited, Key(name=name, hash="", created="", limits=Limits(running=1))) for name in ("alice", "bob")
    )
    calls = [Call(alice), Call(alice), Call(bob)]
    tasks = [asyncio.create_task(call.run()) for call in calls]
    await settle()
    assert [call.status for call in calls] == [0, 429, 0]
    opened.set()
    await asyncio.gather(*tasks)
    assert {name: (a.running, a.tokens) for name, a in limited.allowances.items()} == {"alice": (0, 7), "bob": (0, 7)}
