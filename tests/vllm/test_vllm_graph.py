"""Whole questions on real vLLM: the graph with SmolLM2 in every place, and with a second real LLM."""

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from smacs.graph.build import build_graph
from smacs.pool.config import LLMSpec
from smacs.pool.launch import servers
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

pytestmark = pytest.mark.vllm

SECOND = "qwen2.5-coder-0.5b"
ROOM = 8e9  # bytes of free memory that a second server needs
ASK = {"question": "How many legs has a spider?"}
NAMES = [f"llm-{i}" for i in range(8)]

SpecOf = Callable[[str], LLMSpec]


def pool_of(llms: dict[str, dict[str, Any]], mock: MockServer, aggregator: str) -> Pool:
    """The LLMs with the mock's embedder: the bank of these tests was made with it."""
    embedder = {"kind": "openai", "model": "mock-embedder", "endpoint": mock.url}
    settings = {"max_tokens": 48, "deadline": 600}
    return Pool.from_dict({"aggregators": [aggregator], "llms": llms, "embedder": embedder, "settings": settings})


def served(spec: LLMSpec, model: str) -> dict[str, Any]:
    return {"endpoint": spec.endpoint, "model": model, "context": spec.context, "retries": 0, "deadline": 300}


async def test_one_question_walks_through_every_node(smollm: LLMSpec, mock: MockServer, bank: QuestionBank) -> None:
    pool = pool_of({name: served(smollm, "smollm2-135m") for name in NAMES}, mock, NAMES[-1])
    result = await build_graph(pool, bank).compile().ainvoke(ASK)
    await pool.aclose()
    assert result["answer"]
    assert [record["llm"] for record in result["references"]] == NAMES[:7]
    assert all(record["text"] and record["error"] is None for record in result["references"])
    assert [candidate["index"] for candidate in result["candidates"]] == list(range(8))
    assert all(candidate["perplexity"] >= 1 for candidate in result["candidates"])
    assert result["degraded"] == []
    different = {tuple(subset) for subset in result["subsets"]}
    assert result["usage"]["calls"] == 7 + len(different)


async def test_two_real_llms(smollm: LLMSpec, spec_of: SpecOf, mock: MockServer, bank: QuestionBank) -> None:
    if psutil.virtual_memory().available < ROOM:
        pytest.skip(f"a second LLM needs {ROOM / 1e9:.0f} GB of free memory")
    with servers.running({SECOND: spec_of(SECOND)}, progress=print) as urls:
        second = LLMSpec(endpoint=urls[SECOND], context=4096)
        llms = {"llm-0": served(smollm, "smollm2-135m"), "llm-1": served(second, SECOND)}
        pool = pool_of(llms, mock, "llm-1")
        result = await build_graph(pool, bank, settings={"k": 2, "n": 4}).compile().ainvoke(ASK)
        await pool.aclose()
    assert sorted(record["llm"] for record in result["references"] if record["text"]) == ["llm-0", "llm-1"]
    assert {candidate["aggregator"] for candidate in result["candidates"]} == {"llm-1"}
    assert result["degraded"] == []
