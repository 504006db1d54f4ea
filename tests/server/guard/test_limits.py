"""Limits of one key: requests within any minute, at once, and tokens by day."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.server.guard.exchange import Exchange
from smacs.server.guard.limits import Allowance, Bill, KeyLimits
from smacs.server.guard.refusal import Refusal
from smacs.server.keyfile import Key, Limits
from tests.server.asgi import Call, answering, echo, settle

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
    allowance.running -= 1
    assert allowance.take(limits, NOON, 2) is None


def test_tokens_of_a_day_are_forgotten_at_midnight() -> None:
    limits, allowance = Limits(tokens_per_day=100), Allowance()
    assert allowance.take(limits, NOON, 2) is None
    allowance.spend(100, NOON + 5)
    refused = allowance.take(limits, NOON + 10, 2)
    assert refused is not None
    assert (refused.code, refused.headers["Retry-After"]) == ("insufficient_quota", "43190")  # 43,200 s less 10
    assert allowance.take(limits, NOON + 43_200, 2) is None


def test_what_is_reserved_is_nobody_elses_until_it_is_settled() -> None:
    """Of 100 tokens 60 are set aside, the next one gets the 40 that are left, a third none."""
    limits, allowance = Limits(tokens_per_day=100), Allowance()
    first, second, third = (Bill(allowance, limits, lambda: NOON) for _ in range(3))
    assert [bill.reserve(60, 2) for bill in (first, second)] == [None, None]
    assert (first.held, second.held) == (60, 40)
    refused = third.reserve(60, 2)
    assert refused is not None
    assert (refused.reason, refused.code, refused.headers["Retry-After"]) == ("tokens", "rate_limit_exceeded", "2")
    first.charge(30)
    first.settle(30)
    assert third.reserve(60, 2) is None
    assert (allowance.tokens, third.held) == (30, 30)  # 100 - 30 spent - 40 of the second


def test_what_goes_beyond_a_reservation_counts_at_once() -> None:
    limits, allowance = Limits(tokens_per_day=100), Allowance()
    first, second = Bill(allowance, limits, lambda: NOON), Bill(allowance, limits, lambda: NOON)
    assert first.reserve(10, 2) is None
    first.charge(100)
    refused = second.reserve(1, 2)
    assert refused is not None
    assert refused.code == "insufficient_quota"
    assert allowance.take(limits, NOON, 2) is not None


def test_a_call_that_ends_after_its_request_is_charged_all_the_same() -> None:
    allowance = Allowance()
    bill = Bill(allowance, Limits(tokens_per_day=100), lambda: NOON)
    bill.settle(5)
    bill.charge(7)
    assert allowance.tokens == 12


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), max_size=12), st.integers(1, 100))
def test_questions_at_once_overspend_by_no_more_than_they_go_beyond_their_bounds(
    questions: list[tuple[int, int]], most: int
) -> None:
    """(bound, cost) of each; all ask before any ends."""
    limits, allowance = Limits(tokens_per_day=most), Allowance()
    bills = [(Bill(allowance, limits, lambda: NOON), bound, cost) for bound, cost in questions]
    begun = [(bill, cost) for bill, bound, cost in bills if bill.reserve(bound, 2) is None]
    assert sum(bill.held for bill, _ in begun) <= most
    beyond = sum(max(cost - bill.reserved, 0) for bill, cost in begun)
    for bill, cost in begun:
        bill.charge(cost)
        bill.settle(cost)
    assert allowance.tokens <= most + beyond


async def test_the_place_is_free_before_the_client_knows_of_its_reply() -> None:
    """Its next request must not find its own last one."""
    found: list[int] = []
    limited = KeyLimits(answering(echo), retry_after=2)
    key = Key(name="alice", hash="", created="", limits=Limits(running=1))

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.body":
                found.append(limited.allowances["alice"].running)
            await send(message)

        await keyed(limited, key)(scope, receive, watch)

    await Call(call).run()
    assert found == [0]


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
