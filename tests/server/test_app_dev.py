"""The same server on the port of a real `langgraph dev`, beside LangGraph's own paths, over one pool and bank."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from openai import OpenAI

from smacs.store.bank import QuestionBank
from tests.server.conftest import LLMS, QUESTION, pool_file
from tests.support.langgraph_dev import Dev, langgraph_dev
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

ASK = {"model": "smacs", "messages": [QUESTION]}


@pytest.fixture(scope="module")
def started(mock_process: MockServer, bank: QuestionBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    pool = pool_file(mock_process.url, tmp_path_factory.mktemp("pool"))
    with langgraph_dev(tmp_path_factory.mktemp("dev"), SMACS_POOL=str(pool), SMACS_BANK=str(bank.path)) as server:
        yield server


@pytest.fixture
def dev(started: Dev, mock: MockServer) -> Dev:
    for name in LLMS:
        mock.set(name, text="Eight legs.")
    return started


def test_the_official_client_asks_and_streams(dev: Dev) -> None:
    client = OpenAI(base_url=f"{dev.http.base_url}/v1", api_key="none", max_retries=0)
    assert next(model.id for model in client.models.list()) == "smacs"
    messages: Any = [QUESTION]
    reply = client.chat.completions.create(model="smacs", messages=messages)
    assert reply.choices[0].message.content == "Eight legs."
    chunks = list(client.chat.completions.create(model="moa", messages=messages, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Eight legs."
    assert "Blocking" not in dev.log.read_text()


def test_langgraphs_own_paths_go_on_as_they_are(dev: Dev) -> None:
    assert dev.http.get("/ok").json()["ok"] is True
    assert dev.wait({"question": "How many legs has a spider?"})["answer"] == "Eight legs."
    assert "detail" in dev.http.get("/threads/00000000-0000-0000-0000-000000000000").json()


def test_errors_have_openais_shape(dev: Dev) -> None:
    unknown = dev.http.post("/v1/chat/completions", json=ASK | {"model": "gpt-5"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    refused = dev.http.post("/v1/chat/completions", json=ASK | {"logprobs": True})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "logprobs")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_hangs_up_ends_its_calls(
    dev: Dev, mock: MockServer, until: Callable[[Callable[[], bool]], Any], stream: bool
) -> None:
    for name in LLMS:
        mock.set(name, fault="hang")
    async with httpx2.AsyncClient(base_url=dev.http.base_url, trust_env=False, timeout=None) as http:
        asking = asyncio.create_task(http.post("/v1/chat/completions", json=ASK | {"stream": stream}))
        await until(lambda: sum(mock.stats().of(name).in_flight for name in LLMS) == 4)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    await until(lambda: sum(mock.stats().of(name).lost for name in LLMS) == 4)
