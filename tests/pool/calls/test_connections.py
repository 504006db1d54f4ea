"""One client for each event loop, closed when the loop ends."""

import asyncio
import gc

import pytest

from smacs.pool.calls.connections import PerLoop
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Reply
from smacs.pool.config import LLMSpec
from tools.mock.process import MockServer

LIMIT = 10.0


class Closed:
    """Counts its closings; closing takes a turn of the loop."""

    def __init__(self) -> None:
        self.times = 0
        self.done = asyncio.Event()

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.times += 1
        self.done.set()


def test_a_loop_has_one_client_which_is_closed_when_the_loop_ends() -> None:
    clients = PerLoop(Closed, Closed.close)

    async def use() -> Closed:
        assert clients.get() is clients.get()
        assert clients.get().times == 0
        return clients.get()

    first, second = asyncio.run(use()), asyncio.run(use())
    assert first is not second
    assert (first.times, second.times) == (1, 1)


def test_closed_before_the_end_it_is_closed_once_and_made_anew() -> None:
    clients = PerLoop(Closed, Closed.close)

    async def use() -> tuple[Closed, Closed]:
        first = clients.get()
        await clients.aclose()
        await clients.aclose()
        assert first.times == 1
        return first, clients.get()

    first, second = asyncio.run(use())
    assert first is not second
    assert (first.times, second.times) == (1, 1)


async def test_dropped_in_a_running_loop_it_is_closed_too() -> None:
    clients = PerLoop(Closed, Closed.close)
    client = clients.get()
    del clients
    gc.collect()
    await asyncio.wait_for(client.done.wait(), LIMIT)


async def test_a_chat_model_outlives_the_llm_that_it_came_from(mock: MockServer) -> None:
    model = LLM("model", LLMSpec(endpoint=mock.url)).chat()
    gc.collect()
    for _ in range(9):
        await asyncio.sleep(0)  # turns in which something could be closed
    assert (await model.ainvoke("Hello")).content


def test_a_program_that_closes_nothing_hears_no_complaint(
    mock: MockServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    llm = LLM("model", LLMSpec(endpoint=mock.url))
    for _ in range(2):
        assert isinstance(asyncio.run(llm.call([{"role": "user", "content": "Hello"}])), Reply)
    del llm
    gc.collect()
    assert "Unclosed" not in caplog.text + capfd.readouterr().err
