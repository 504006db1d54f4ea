"""One LLM over real HTTP: the fast path, the limit, the deadline, and LangChain's own interface."""

import asyncio
import math
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from pydantic import SecretStr

from smacs.errors import PoolError
from smacs.pool.calls.chat import FastChatOpenAI
from smacs.pool.calls.connections import async_http
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.config import LLMSpec
from smacs.pool.pool import Pool
from tools.mock.process import MockServer

KEY = SecretStr("none")
HELLO = [{"role": "user", "content": "Hello"}]


def llm(mock: MockServer, **spec: Any) -> LLM:
    return LLM("model", LLMSpec.model_validate({"endpoint": mock.url, "retries": 0, **spec}))


def chat(mock: MockServer, **fields: Any) -> FastChatOpenAI:
    return FastChatOpenAI(base_url=mock.url, api_key=KEY, model="model", http_async_client=async_http(), **fields)


async def test_logprobs_are_summed_for_each_choice(mock: MockServer) -> None:
    mock.set("model", tokens=5, logprob=-0.25)
    reply = await llm(mock).call(HELLO, n=2, logprobs=True)
    assert isinstance(reply, Reply)
    assert [choice.logprob_sum for choice in reply.choices] == pytest.approx([-1.25, -1.25])
    assert [choice.logprob_count for choice in reply.choices] == [5, 5]
    assert reply.completion_tokens == 10


async def test_without_asking_there_are_no_logprobs(mock: MockServer) -> None:
    reply = await llm(mock).call(HELLO)
    assert isinstance(reply, Reply)
    assert reply.choices[0].logprob_sum is None


async def test_the_llms_own_sampling_wins_over_the_questions(mock: MockServer) -> None:
    spec = {"sampling": {"temperature": 0.1}, "extra_body": {"top_k": 5}, "model": "served-name"}
    await llm(mock, **spec).call(HELLO, sampling={"temperature": 0.9, "max_tokens": 7}, seed=11)
    body = mock.stats().bodies("served-name")[0]
    assert (body["temperature"], body["max_tokens"], body["top_k"], body["seed"]) == (0.1, 7, 5, 11)
    assert "max_completion_tokens" not in body


async def test_the_llms_own_system_prompt_comes_first(mock: MockServer) -> None:
    mine = llm(mock, system="detailed thinking on")
    await mine.call(HELLO)
    await mine.call([{"role": "system", "content": "Be brief."}, *HELLO])
    assert [body["messages"] for body in mock.stats().bodies("model")] == [
        [{"role": "system", "content": "detailed thinking on"}, *HELLO],
        [{"role": "system", "content": "detailed thinking on\n\nBe brief."}, *HELLO],
    ]


async def test_max_tokens_leave_room_for_the_prompt(mock: MockServer) -> None:
    await llm(mock, context=1000).call(
        [{"role": "user", "content": "word " * 400}], sampling={"max_tokens": 900}
    )  # about 400 tokens of question, 8 of roles, 64 for the template: 528 are left
    assert mock.stats().bodies("model")[0]["max_tokens"] == 528


async def test_calls_in_flight_stay_below_the_limit(mock: MockServer) -> None:
    mock.set("model", latency=0.05)
    one = llm(mock, in_flight=3)
    replies = await asyncio.gather(*(one.call(HELLO) for _ in range(12)))
    assert all(isinstance(reply, Reply) for reply in replies)
    assert mock.stats().of("model").max_in_flight == 3


async def test_token_counts_that_cannot_be_are_none(mock: MockServer) -> None:
    mock.set("model", fault="usage")
    reply = await llm(mock).call(HELLO)
    assert isinstance(reply, Reply)
    assert reply.prompt_tokens == 0


async def test_the_deadline_counts_waiting_and_cancels_the_request(mock: MockServer) -> None:
    mock.set("model", fault="hang")
    result = await llm(mock, deadline=0.3).call(HELLO)
    assert isinstance(result, Failure)
    assert result.kind == "late"
    while (await asyncio.to_thread(mock.stats)).of("model").in_flight:  # the server sees it a moment later
        pass
    assert mock.stats().of("model").lost == 1


async def test_an_llm_that_is_not_up_says_how_to_start_it() -> None:
    launch = {"file": {"name": "x.gguf", "sha256": "0" * 64, "size": 1}}
    one = LLM("never-started-llm", LLMSpec.model_validate({"launch": launch}))
    result = await one.call(HELLO)
    assert isinstance(result, Failure)
    assert "smacs models up" in result.message


async def test_one_llm_serves_several_event_loops(mock: MockServer) -> None:
    one = llm(mock)
    here = await one.call(HELLO)
    there = await asyncio.to_thread(lambda: asyncio.run(one.call(HELLO)))
    again = await one.call(HELLO)
    assert all(isinstance(reply, Reply) for reply in (here, there, again))


class Seen(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.starts, self.ends = 0, 0

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.starts += 1

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends += len(response.generations[0])


async def test_callbacks_see_the_fast_path(mock: MockServer) -> None:
    seen = Seen()
    await chat(mock, logprobs=True, n=3).ainvoke("Hello", config={"callbacks": [seen]})
    assert (seen.starts, seen.ends) == (1, 3)


async def test_the_fast_path_keeps_usage_and_metadata(mock: MockServer) -> None:
    mock.set("model", tokens=4, logprob=-0.5, fault="field")
    message = await chat(mock, logprobs=True).ainvoke("Hello")
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == 4
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.response_metadata["logprob_sum"] == pytest.approx(-2.0)
    assert message.response_metadata["logprob_count"] == 4
    assert message.additional_kwargs["reasoning_content"]


async def test_streaming_stays_streaming(mock: MockServer) -> None:
    mock.set("model", tokens=6)
    whole = await chat(mock).ainvoke("Hello")
    chunks = [chunk async for chunk in chat(mock).astream("Hello")]
    assert len([chunk for chunk in chunks if chunk.content]) > 1
    assert "".join(str(chunk.content) for chunk in chunks) == whole.content


def test_sync_calls_still_work(mock: MockServer) -> None:
    assert chat(mock).invoke("Hello").content


@pytest.mark.parametrize("logprobs", [True, False])
async def test_reduced_logprobs_equal_those_of_plain_chatopenai(mock: MockServer, logprobs: bool) -> None:
    from langchain_openai import ChatOpenAI

    fast = await chat(mock, logprobs=logprobs, seed=1).ainvoke("Hello")
    plain = ChatOpenAI(
        base_url=mock.url, api_key=KEY, model="model", logprobs=logprobs, seed=1, http_async_client=async_http()
    )
    slow = await plain.ainvoke("Hello")
    assert fast.content == slow.content
    if logprobs:
        total = sum(token["logprob"] for token in slow.response_metadata["logprobs"]["content"])
        assert math.isclose(fast.response_metadata["logprob_sum"], total)


async def test_a_key_reaches_no_callback(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Nosy(AsyncCallbackHandler):
        async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            told.append(repr((args, kwargs)))

        async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
            told.append(repr((args, kwargs)))

    monkeypatch.setenv("TEST_KEY", "sk-very-secret-1234")
    model = llm(mock, api_key_env="TEST_KEY").chat()
    await model.ainvoke("Hello", config={"callbacks": [Nosy()]})
    assert len(told) == 2
    assert "very-secret" not in "".join(told) + repr(model)


async def test_an_llm_that_is_not_up_has_no_chat_model() -> None:
    with pytest.raises(PoolError, match="smollm2-135m is not up; start it with `smacs models up`"):
        Pool.load("local").llms["smollm2-135m"].chat()


LAUNCH = {"launch": {"file": {"name": "w.gguf", "sha256": "0" * 64, "size": 1}}, "retries": 0}


async def test_a_launched_llm_that_failed_once_is_found_again(mock: MockServer) -> None:
    """`Pool.running` has named its server; nobody else knows it."""
    pool = Pool.from_dict({"aggregators": ["model"], "llms": {"model": LAUNCH}})
    pool._connect({"model": (mock.url,)})
    mock.set("model", fault="refuse", calls=1)
    first, second = await pool.llms["model"].call(HELLO), await pool.llms["model"].call(HELLO)
    assert isinstance(first, Failure)
    assert first.kind == "unreachable"
    assert isinstance(second, Reply)
    await pool.aclose()


async def test_a_launched_llm_that_has_gone_elsewhere_is_followed(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor restarts what dies, at another port where its own is taken."""
    places = iter([("http://127.0.0.1:9/v1",), (mock.url,)])
    monkeypatch.setattr("smacs.pool.calls.llm._locate", lambda _: next(places))
    one = LLM("model", LLMSpec.model_validate(LAUNCH))
    assert isinstance(await one.call(HELLO), Failure)
    assert isinstance(await one.call(HELLO), Reply)
    await one.aclose()


async def test_a_launched_llm_has_the_window_that_it_is_started_with() -> None:
    launch = {"context": 2048, **LAUNCH["launch"]}  # type: ignore[dict-item]
    assert LLM("a", LLMSpec.model_validate({"launch": launch})).window == 2048
    assert LLM("a", LLMSpec.model_validate({"launch": launch, "context": 1024})).window == 1024
