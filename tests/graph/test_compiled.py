"""A compiled system: a tool that takes a question, and runs that a server lets in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from smacs import build_graph
from smacs.graph.compiled import GatedSystem, compile_gated
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer


async def test_as_a_tool_it_takes_a_question_and_returns_the_answer(
    mock: MockServer, make_pool: Callable[..., Pool], bank: QuestionBank
) -> None:
    mock.set("llm-7", text="Jupiter.")
    tool = build_graph(make_pool(), bank).compile(name="smacs").as_tool(name="council", description="Ask several LLMs")
    assert list(tool.args) == ["question"]
    assert await tool.ainvoke({"question": "Which planet is the largest?"}) == "Jupiter."
    assert tool.invoke({"question": "Which planet is the largest?"}) == "Jupiter."
    call = {"name": "council", "args": {"question": "Which?"}, "id": "1", "type": "tool_call"}
    message = await tool.ainvoke(call)
    assert isinstance(message, ToolMessage)
    assert (message.content, message.artifact["answer"]) == ("Jupiter.", "Jupiter.")


async def test_a_gated_systems_runs_and_those_of_its_copies_are_let_in(
    mock: MockServer, make_pool: Callable[..., Pool], bank: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in: list[tuple[str, Any]] = []

    @asynccontextmanager
    async def gate(graph: Any, config: Any, context: Any) -> AsyncIterator[Any]:
        let_in.append((graph.name, context))
        yield config

    graph = compile_gated(build_graph(make_pool(), bank), "smacs")
    monkeypatch.setattr(GatedSystem, "gate", gate)
    for each in (graph, graph.copy()):
        assert isinstance(each, GatedSystem)
        assert (await each.ainvoke({"question": "2 + 2?"}, context={"n": 1}))["answer"]
    assert let_in == [("smacs", {"n": 1})] * 2
    await build_graph(make_pool(), bank).compile().ainvoke({"question": "2 + 2?"})
    assert len(let_in) == 2  # only those of a server


async def test_a_gate_may_refuse(
    mock: MockServer, make_pool: Callable[..., Pool], bank: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def gate(*_: Any) -> AsyncIterator[Any]:
        raise PermissionError("not now")
        yield

    monkeypatch.setattr(GatedSystem, "gate", gate)
    with pytest.raises(PermissionError, match="not now"):
        await compile_gated(build_graph(make_pool(), bank), "smacs").ainvoke({"question": "2 + 2?"})
    assert mock.stats().total.requests == 0
