"""The clients that people have: the official one, LangChain's, curl."""

import json
import subprocess
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI
from pydantic import SecretStr

from tests.server.conftest import Served
from tools.mock.process import MockServer

ASK: Any = [{"role": "user", "content": "How many legs has a spider?"}]


@pytest.fixture
def client(server: Served) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


def test_the_official_client_asks(client: OpenAI) -> None:
    reply = client.chat.completions.create(
        model="smacs", messages=ASK, n=2, seed=3, max_tokens=9, stop=["."], extra_body={"smacs": {"trace": True}}
    )
    assert [choice.message.content for choice in reply.choices] == ["Eight legs"] * 2
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 2 * (4 * 2 + 3 * 2)
    assert reply.model_extra is not None
    assert [trace["answer"] for trace in reply.model_extra["smacs"]["traces"]] == ["Eight legs."] * 2


def test_the_official_client_streams(client: OpenAI) -> None:
    with client.chat.completions.create(
        model="smacs", messages=ASK, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Eight legs."
    thinking = "".join((delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas)
    assert "reference: llm-0: 2 tokens" in thinking
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 14


async def test_the_official_async_client_asks_and_streams(server: Served) -> None:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
        reply = await client.chat.completions.create(model="llm-0", messages=ASK)
        assert reply.choices[0].message.content == "Eight legs."
        stream = await client.chat.completions.create(model="llm-0", messages=ASK, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == "Eight legs."


def test_the_official_client_lists_models_and_knows_our_errors(client: OpenAI, mock: MockServer) -> None:
    assert next(model.id for model in client.models.list()) == "smacs"
    assert client.models.retrieve("llm-2").id == "llm-2"
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-5'"):
        client.chat.completions.create(model="gpt-5", messages=ASK)
    with pytest.raises(openai.BadRequestError, match="tools is not supported") as refused:
        client.chat.completions.create(
            model="smacs", messages=ASK, tools=[{"type": "function", "function": {"name": "f"}}]
        )
    assert (refused.value.param, refused.value.code) == ("tools", "unsupported")
    mock.set("llm-1", fault="500")
    with pytest.raises(openai.APIError, match="No LLM answered"):
        list(client.chat.completions.create(model="llm-1", messages=ASK, stream=True))


def test_langchain_invokes_and_streams(server: Served) -> None:
    chat = ChatOpenAI(
        base_url=f"{server.url}/v1",
        api_key=SecretStr("none"),
        model="smacs",
        temperature=0.5,
        seed=3,
        extra_body={"smacs": {"settings": {"k": 2, "n": 2}}},
    )
    message: Any = chat.invoke([("system", "Be brief."), ("human", "How many legs has a spider?")])
    assert message.content == "Eight legs."
    assert message.usage_metadata["output_tokens"] == 2 * 2 + 2 * 2
    assert "".join(str(chunk.content) for chunk in chat.stream("How many legs has a spider?")) == "Eight legs."


def test_curl_asks_and_streams(server: Served) -> None:
    def curl(**fields: Any) -> str:
        body = json.dumps({"model": "llm-0", "messages": ASK, **fields})
        command = ["curl", "-sSN", "--noproxy", "*", f"{server.url}/v1/chat/completions"]
        options = ["-H", "Content-Type: application/json", "-d", body]
        return subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout

    assert json.loads(curl())["choices"][0]["message"]["content"] == "Eight legs."
    assert curl(stream=True).endswith("data: [DONE]\n\n")
