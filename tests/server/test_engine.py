"""The engine: what models are called, and starting without an embedder."""

import asyncio

import pytest

from smacs.pool.pool import Pool
from smacs.server.engine import Engine
from smacs.store.bank import QuestionBank
from tests.server.conftest import pool_at
from tools.mock.process import MockServer


def test_an_llm_that_is_called_like_a_system_keeps_a_name_of_its_own(bank: QuestionBank) -> None:
    endpoint = {"endpoint": "http://127.0.0.1:1/v1"}
    embedder = {"kind": "openai", "model": "mock-embedder", **endpoint}
    llms = {"moa": endpoint, "llm-0": endpoint}
    pool = Pool.from_dict({"aggregators": ["moa"], "llms": llms, "embedder": embedder})
    assert Engine.open(pool, bank).models()[-3:] == ["symbolic_moe", "llm:moa", "llm-0"]


async def test_an_embedder_that_hangs_does_not_keep_the_server_from_starting(
    mock: MockServer, bank: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of 0.4 seconds, not half of the 600 that a question has."""
    monkeypatch.setattr("smacs.server.engine.WARM", 0.4)
    mock.set("mock-embedder", fault="hang")
    engine = Engine.open(pool_at(mock.url), bank)
    async with asyncio.timeout(60):
        await engine.warm()
    await engine.aclose()
