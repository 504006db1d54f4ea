"""Replies are kept: what one system asked, no other asks again, and no kill loses one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from smacs.bench.run.cached_llm import CachedLLM, Replies
from smacs.bench.run.meter import Meter, metered
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.pool import Pool
from tools.mock.process import MockServer

MESSAGES = [{"role": "user", "content": "How many?"}]


@pytest.fixture
def cached(make_pool: Callable[..., Pool], mock: MockServer, tmp_path: Path) -> Callable[[], CachedLLM]:
    """An LLM whose choices are a, b, c, d, ..., new over the same folder at each call."""
    mock.set("llm-0", text=["a", "b", "c", "d"])
    llm = make_pool(["llm-0"]).llms["llm-0"]
    return lambda: CachedLLM(llm, Replies(tmp_path, "llm-0"))


def texts(reply: Reply | Failure) -> list[str]:
    assert isinstance(reply, Reply)
    return [choice.text for choice in reply.choices]


async def ask(llm: CachedLLM, n: int = 1) -> Reply | Failure:
    with metered("q"):
        return await llm.call(MESSAGES, n=n, seed=1)


async def test_one_sample_is_the_first_of_many(cached: Callable[[], CachedLLM], mock: MockServer) -> None:
    llm = cached()
    assert texts(await ask(llm, 3)) == ["a", "b", "c"]
    assert texts(await ask(llm)) == ["a"]
    assert mock.stats().total.requests == 1
    await llm.aclose()


async def test_only_missing_samples_are_asked_and_with_another_seed(
    cached: Callable[[], CachedLLM], mock: MockServer
) -> None:
    llm = cached()
    await ask(llm)
    assert texts(await ask(llm, 3)) == ["a", "a", "b"]  # the two that were missing are choices 0 and 1 of a request
    assert [(body.get("n", 1), body["seed"]) for body in mock.stats().bodies("llm-0")] == [(1, 1), (2, 2)]
    await llm.aclose()


async def test_who_asks_again_within_a_question_gets_further_samples(
    cached: Callable[[], CachedLLM], mock: MockServer
) -> None:
    llm = cached()
    await ask(llm, 3)
    with metered("q"):
        first = await llm.call(MESSAGES, n=2)
        second = await llm.call(MESSAGES)
    assert texts(first) + texts(second) == ["a", "b", "c"]
    assert mock.stats().total.requests == 1
    await llm.aclose()


async def test_two_that_ask_at_once_ask_once(cached: Callable[[], CachedLLM], mock: MockServer) -> None:
    llm = cached()
    mock.set("llm-0", text="a", latency=0.05)
    found = await asyncio.gather(ask(llm), ask(llm), ask(llm))
    assert [texts(reply) for reply in found] == [["a"]] * 3
    assert mock.stats().total.requests == 1
    await llm.aclose()


async def test_another_process_finds_them(cached: Callable[[], CachedLLM], mock: MockServer) -> None:
    before = cached()
    first = await ask(before, 2)
    await before.aclose()
    later = cached()
    second = await ask(later, 2)
    assert first == second
    assert mock.stats().total.requests == 1


async def test_an_empty_reply_is_a_reply(cached: Callable[[], CachedLLM], mock: MockServer) -> None:
    llm = cached()
    mock.set("llm-0", fault="empty")
    for _ in range(2):
        reply = await ask(llm)
        assert isinstance(reply, Failure)
        assert reply.kind == "empty"
    assert mock.stats().total.requests == 1
    await llm.aclose()


async def test_a_failed_call_is_none_and_is_told(cached: Callable[[], CachedLLM], mock: MockServer) -> None:
    llm = cached()
    mock.set("llm-0", fault="500", calls=1)
    with metered("q") as meter:
        assert isinstance(await llm.call(MESSAGES), Failure)
        assert meter.trouble[0].startswith("overloaded")
    assert texts(await ask(llm))[0]
    assert mock.stats().total.requests == 2
    await llm.aclose()


def test_branches_of_a_step_run_side_by_side() -> None:
    meter = Meter("q")
    for step, task, seconds in [(1, "a", 2.0), (1, "b", 3.0), (1, "a", 2.0), (2, "c", 1.0)]:
        meter.seconds[step, task] += seconds
    assert meter.latency == pytest.approx(4.0 + 1.0)  # branch a of step 1 took 2 + 2, longer than b
    assert meter.total == pytest.approx(8.0)
