"""Several endpoints of one LLM: who gets which call, who is set aside, who comes back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx2
import openai
import pytest

from smacs.pool.calls import replicas
from smacs.pool.calls.limits import Limiter
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replicas import Replica, Replicas, question_of
from smacs.pool.calls.replies import Reply
from smacs.pool.config import LLMSpec
from tools.mock.process import MockServer

REQUEST = httpx2.Request("POST", "http://replica/v1/chat/completions")
NO_CONNECTION = openai.APIConnectionError(request=REQUEST)
EACH = 16


def status(code: int) -> openai.APIStatusError:
    return openai.APIStatusError("no", response=httpx2.Response(code, request=REQUEST), body=None)


class Servers:
    """Stands for the servers: `errors` by name, and who was asked."""

    def __init__(self, names: str, retries: int = 0) -> None:
        self.errors: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.limiter = Limiter(EACH)
        made = [Replica(name, cast(Callable[[str], Any], lambda url: url)) for name in names]
        self.replicas = Replicas(made, self.limiter, EACH, retries)

    async def call(self, question: str, system: str = "") -> str:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        return await self.replicas.call(messages, self._use)

    async def _use(self, chat: Any) -> str:
        name = str(chat)
        self.asked.append(name)
        await self.gate.wait()
        if name in self.errors:
            raise self.errors[name]
        return name


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the servers that say they are well."""
    well: set[str] = set()

    async def answers(url: str) -> bool:
        return url in well

    monkeypatch.setattr(replicas, "answers", answers)
    return well


async def test_calls_are_spread_by_what_is_in_flight() -> None:
    servers = Servers("abc")
    servers.gate.clear()
    calls = asyncio.gather(*(servers.call(f"question {i}") for i in range(6)))
    await asyncio.sleep(0)
    servers.gate.set()
    assert Counter(await calls) == {"a": 2, "b": 2, "c": 2}


async def test_without_load_they_take_turns() -> None:
    servers = Servers("ab")
    assert [await servers.call(f"question {i}") for i in range(4)] == ["a", "b", "a", "b"]


async def test_calls_of_one_question_stay_together() -> None:
    servers = Servers("abc")
    await servers.call("another")  # b is the idlest from now on
    replies = await asyncio.gather(*(servers.call("the question", f"references {i}") for i in range(7)))
    assert set(replies) == {"b"}


async def test_unless_their_server_is_much_busier_than_another() -> None:
    servers = Servers("ab")
    servers.gate.clear()
    calls = asyncio.gather(*(servers.call("the question", str(i)) for i in range(10)))
    await asyncio.sleep(0)
    servers.gate.set()
    assert Counter(await calls) == {"a": 9, "b": 1}  # 2 x 0 and 8 more at most, before the call that makes it 9


def test_turns_of_a_conversation_are_one_question() -> None:
    first = [{"role": "system", "content": "s"}, {"role": "user", "content": "one"}]
    later = [*first, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]
    assert question_of(first) == question_of(later) == "one"


@pytest.mark.parametrize("error", [NO_CONNECTION, status(503)], ids=["no connection", "503"])
async def test_one_that_is_away_is_set_aside_and_taken_back(error: Exception, healthy: set[str]) -> None:
    servers = Servers("ab")
    servers.errors["a"] = error
    assert await servers.call("first") == "b"
    assert servers.limiter.limit == EACH
    assert [await servers.call(f"question {i}") for i in range(3)] == ["b", "b", "b"]
    assert servers.asked == ["a", "b", "b", "b", "b"]
    del servers.errors["a"]
    healthy.add("a")
    async with asyncio.timeout(20):
        while await servers.call("again") != "a":
            await asyncio.sleep(0.01)
            servers.replicas._homes.clear()
    assert servers.limiter.limit == 2 * EACH


async def test_another_error_of_the_server_is_tried_elsewhere_and_sets_nobody_aside() -> None:
    servers = Servers("ab")
    servers.errors["a"] = status(500)
    assert await servers.call("first") == "b"
    assert servers.limiter.limit == 2 * EACH


async def test_what_no_server_can_help_is_tried_once() -> None:
    servers = Servers("ab", retries=2)
    servers.errors["a"] = status(400)
    with pytest.raises(openai.APIStatusError):
        await servers.call("first")
    assert servers.asked == ["a"]


async def test_where_all_are_away_all_are_tried_in_each_round(
    healthy: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.pool.calls.transport._pause", lambda error, failed: 0.0)
    servers = Servers("ab", retries=1)
    servers.errors = {"a": NO_CONNECTION, "b": NO_CONNECTION}
    with pytest.raises(openai.APIConnectionError):
        await servers.call("first")
    assert Counter(servers.asked) == {"a": 2, "b": 2}
    servers.errors.clear()
    assert await servers.call("second") in "ab"


async def test_one_that_lets_a_call_hang_is_asked_for_its_health(healthy: set[str]) -> None:
    servers = Servers("ab")
    servers.gate.clear()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(servers.call("first"), 0.01)
    servers.gate.set()
    assert servers.replicas.all[0].in_flight == 0
    assert await servers.call("second") == "b"
    while not servers.replicas.all[0].aside:  # noqa: ASYNC110  nothing tells
        await asyncio.sleep(0)
    assert await servers.call("first") == "b"


class At(MockServer):
    """A mock at a port."""

    def __init__(self, port: int) -> None:
        super().__init__(tokens=4)
        self.options.append(f"--port={port}")


@pytest.fixture
def pair() -> Iterator[tuple[MockServer, MockServer]]:
    with MockServer(tokens=4) as first, MockServer(tokens=4) as second:
        yield first, second


@pytest.mark.slow
async def test_one_of_two_dies_and_comes_back(pair: tuple[MockServer, MockServer]) -> None:
    first, second = pair
    llm = LLM("model", LLMSpec.model_validate({"endpoints": [first.url, second.url], "retries": 0, "deadline": 30}))
    before = await asyncio.gather(*(ask(llm, f"before {i}") for i in range(8)))
    second.process.kill()
    second.process.wait()
    after = await asyncio.gather(*(ask(llm, f"after {i}") for i in range(8)))
    assert all(isinstance(reply, Reply) for reply in [*before, *after])
    with At(int(second.url.split(":")[2].removesuffix("/v1"))) as again:
        async with asyncio.timeout(20):
            number = 0
            while not again.stats().total.requests:
                number += 1
                await ask(llm, f"later {number}")
        assert llm.limiter.limit == 2 * llm.spec.in_flight
    await llm.aclose()


async def ask(llm: LLM, question: str) -> Any:
    return await llm.call([{"role": "user", "content": question}])
