"""Single calls to real vLLM: log-probabilities, `n`, thinking in its own field and in tags, health."""

import math

import pytest

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replicas import answers
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.config import LLMSpec
from smacs.pool.launch import servers
from smacs.pool.launch.process import is_healthy

pytestmark = pytest.mark.vllm

ASK = [{"role": "user", "content": "Name a colour, then say where one sees it."}]
WORDS = "[a-z ,]{10,60}"
FIELD = rf"Here is my thought process: {WORDS}\. Here is my response: [A-Za-z ,]{{2,40}}\."
TAGS = rf"<think>\n{WORDS}\n</think>\n\n[A-Za-z ,]{{2,40}}\."


def following(spec: LLMSpec, grammar: str) -> LLM:
    """The LLM with its output held to a grammar."""
    body = {"structured_outputs": {"regex": grammar}}
    return LLM("smollm2-135m", spec.model_copy(update={"extra_body": body}))


async def test_health(smollm: LLMSpec, llm: LLM) -> None:
    (status,) = servers.status()
    assert status.healthy and is_healthy(status.port)
    assert llm.endpoint and await answers(llm.endpoint)
    assert servers.endpoint_of(status.llm) == llm.endpoint


async def test_each_of_n_choices_has_its_own_logprobs(llm: LLM) -> None:
    sampling = {"max_tokens": 12, "temperature": 1.0}
    reply = await llm.call(ASK, n=3, logprobs=True, seed=1, sampling=sampling)
    await llm.aclose()
    assert isinstance(reply, Reply)
    assert len({choice.text for choice in reply.choices}) == 3
    sums = [choice.logprob_sum for choice in reply.choices]
    assert all(value is not None and math.isfinite(value) and value < 0 for value in sums)
    assert len(set(sums)) == 3
    assert all(0 < choice.logprob_count <= 12 for choice in reply.choices)
    assert reply.completion_tokens == sum(choice.logprob_count for choice in reply.choices)


async def test_greedy_perplexity_is_lower_than_hot(llm: LLM) -> None:
    means = []
    for temperature in (0.0, 2.0):
        reply = await llm.call(ASK, logprobs=True, seed=1, sampling={"max_tokens": 16, "temperature": temperature})
        assert isinstance(reply, Reply)
        (choice,) = reply.choices
        assert choice.logprob_sum is not None
        means.append(choice.logprob_sum / choice.logprob_count)
    await llm.aclose()
    assert means[0] > means[1]


async def test_thinking_that_vllm_puts_into_its_own_field(smollm: LLMSpec) -> None:
    llm = following(smollm, FIELD)
    reply = await llm.call(ASK, sampling={"max_tokens": 100})
    await llm.aclose()
    assert isinstance(reply, Reply)
    (choice,) = reply.choices
    assert len(choice.reasoning) >= 10
    assert choice.text and "thought process" not in choice.text and "my response" not in choice.text


async def test_thinking_in_tags(smollm: LLMSpec) -> None:
    llm = following(smollm, TAGS)
    reply = await llm.call(ASK, sampling={"max_tokens": 100})
    await llm.aclose()
    assert isinstance(reply, Reply)
    (choice,) = reply.choices
    assert len(choice.reasoning) >= 10
    assert choice.text and "think>" not in choice.text


async def test_a_prompt_beyond_the_window_is_an_overflow(llm: LLM) -> None:
    result = await llm.call([{"role": "user", "content": "word " * 5000}], sampling={"max_tokens": 8})
    await llm.aclose()
    assert isinstance(result, Failure)
    assert result.kind == "overflow"
