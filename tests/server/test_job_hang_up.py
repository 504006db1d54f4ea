"""A client that hangs up: every call that is made for it is cancelled, and the LLMs see their connections closed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from tests.server.conftest import LLMS, Served
from tools.mock.process import MockServer

ASK = {"model": "smacs", "messages": [{"role": "user", "content": "How many legs has a spider?"}]}


@pytest.mark.parametrize("body", [{}, {"n": 2}, {"stream": True}, {"stream": True, "n": 2}])
async def test_all_calls_end_with_the_client(
    server: Served, mock: MockServer, until: Callable[[Callable[[], bool]], Any], body: dict[str, Any]
) -> None:
    for name in LLMS:
        mock.set(name, fault="hang")
    calls = 4 * body.get("n", 1)
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=None) as http:
        asking = asyncio.create_task(http.post("/v1/chat/completions", json=ASK | body))
        await until(lambda: sum(mock.stats().of(name).in_flight for name in LLMS) == calls)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    await until(lambda: sum(mock.stats().of(name).lost for name in LLMS) == calls)
    assert all(mock.stats().of(name).in_flight == 0 for name in LLMS)


async def test_the_places_of_the_llms_are_free_again(
    server: Served, mock: MockServer, until: Callable[[Callable[[], bool]], Any]
) -> None:
    mock.set("llm-0", fault="hang", calls=1)
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=None) as http:
        asking = asyncio.create_task(http.post("/v1/chat/completions", json=ASK | {"model": "llm-0"}))
        await until(lambda: mock.stats().of("llm-0").in_flight == 1)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    llm = server.app.state.engine.pool.llms["llm-0"]
    await until(lambda: llm.limiter.in_flight == 0)
    assert server.ask(model="llm-0").raise_for_status().json()["smacs"] == {"degraded": []}


async def test_calls_that_wait_for_a_place_end_with_the_client(
    server: Served, mock: MockServer, until: Callable[[Callable[[], bool]], Any]
) -> None:
    """Four answers of one LLM that takes one call at a time: three never begin."""
    mock.set("llm-0", fault="hang")
    limiter = server.app.state.engine.pool.llms["llm-0"].limiter
    usual = limiter.limit
    limiter.resize(1)
    try:
        async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=None) as http:
            asking = asyncio.create_task(http.post("/v1/chat/completions", json=ASK | {"model": "llm-0", "n": 4}))
            await until(lambda: mock.stats().of("llm-0").in_flight == 1 and len(limiter._waiters) == 3)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        await until(lambda: limiter.in_flight == 0 and not limiter._waiters)
    finally:
        limiter.resize(usual)
    assert mock.stats().of("llm-0").requests == 1
