"""The example agent embeds SMACS as its users would."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer


@pytest.fixture(scope="module")
def example() -> ModuleType:
    path = Path(__file__).parents[2] / "examples" / "agent.py"
    spec = importlib.util.spec_from_file_location("example_agent", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_questions_go_to_the_llms_and_greetings_do_not(
    example: ModuleType, mock: MockServer, make_pool: Callable[..., Pool], bank: QuestionBank
) -> None:
    mock.set("llm-7", text="Jupiter.")
    agent = example.build_agent(make_pool(), bank).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    await agent.ainvoke({"messages": [("human", "Hi there")]}, config)
    assert mock.stats().of("llm-0").requests == 0
    result = await agent.ainvoke({"messages": [("human", "Which planet is the largest?")]}, config)
    assert [message.type for message in result["messages"]] == ["human", "ai", "human", "ai"]
    assert result["messages"][-1].content == "Jupiter."
