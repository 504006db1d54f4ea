"""SMACS inside an agent: no key of the agent is read or overwritten, and it can be called as a tool."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from smacs import build_agent_graph, build_graph
from smacs.errors import InputError
from smacs.graph.state import State
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tests.support.remarks import texts
from tools.mock.process import MockServer

Agent = Callable[..., Any]
OWN = {
    "question": "An older question?",
    "task": "Plan a holiday in Norway",
    "system": "linux",
    "dataset": "sales-2024",
    "notes": ["mine"],
    "settings": {"theme": "dark"},
    "usage": {"tokens": 5},
    "support": {"ticket": 7},
    "degraded": False,
    "answer": "none yet",
    "priors": [1],
    "references": "see below",
    "candidates": {"alice": 3},
    "subsets": 1,
    "selected": None,
    "asked": "twice",
    "samples": [2],
    "run": "42",
}


def bodies(mock: MockServer, name: str) -> list[dict[str, Any]]:
    """The requests that an LLM has got."""
    return list(mock.stats().bodies(name))


@pytest.fixture
def make_agent(make_pool: Callable[..., Pool], bank: QuestionBank) -> Agent:
    """An agent with SMACS as its only node, whose state has `messages` and keys of its own."""

    def make(keys: dict[str, Any], **arguments: Any) -> Any:
        kind: Any = type("State", (MessagesState,), {"__annotations__": dict.fromkeys(keys, object)})
        agent = StateGraph(kind)
        agent.add_node("smacs", build_agent_graph(make_pool(settings={"n": 2}), bank, **arguments).compile())
        agent.add_edge(START, "smacs")
        agent.add_edge("smacs", END)
        return agent

    return make


def test_these_are_all_the_keys_that_could_be_taken() -> None:
    assert {*OWN, "messages"} == set(State.__annotations__)


async def test_the_agents_own_keys_are_neither_read_nor_overwritten(mock: MockServer, make_agent: Agent) -> None:
    mock.set("llm-7", text="Sleep late.")
    result = await make_agent(OWN).compile().ainvoke({"messages": [HumanMessage("Plan my day?")], **OWN})
    assert {key: result[key] for key in OWN} == OWN
    assert [message.content for message in result["messages"]] == ["Plan my day?", "Sleep late."]
    for name in ("llm-0", "llm-7"):
        (asked, *_) = [body["messages"] for body in bodies(mock, name)]
        assert asked[-1] == {"role": "user", "content": "Plan my day?"}
        assert "linux" not in asked[0]["content"]


async def test_the_trace_is_under_one_key_and_settings_come_from_the_context(
    mock: MockServer, make_agent: Agent, make_pool: Callable[..., Pool], bank: QuestionBank
) -> None:
    graph = build_agent_graph(make_pool(), bank, task="math", settings={"k": 3}).compile()
    result = await graph.ainvoke({"messages": [("human", "2 + 2?")]}, context={"smacs": {"n": 1}})
    assert set(result) == {"messages", "smacs"}
    trace = result["smacs"]
    assert (trace["asked"]["task"], trace["settings"]["k"], trace["settings"]["n"]) == ("math", 3, 1)
    assert trace["answer"] == result["messages"][-1].content
    assert "messages" not in trace


async def test_a_conversation_goes_on_in_a_thread(mock: MockServer, make_agent: Agent) -> None:
    agent = make_agent({}).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    await agent.ainvoke({"messages": [("human", "First?")]}, config)
    result = await agent.ainvoke({"messages": [("human", "Second?")]}, config)
    assert [message.type for message in result["messages"]] == ["human", "ai", "human", "ai"]
    assert bodies(mock, "llm-0")[-1]["messages"][-3]["content"] == "First?"


async def test_any_system_can_be_the_node(mock: MockServer, make_agent: Agent) -> None:
    mock.set("llm-0", text="From the best alone.")
    agent = make_agent({}, system="simple_router").compile()
    result = await agent.ainvoke({"messages": [("human", "Who answers?")]})
    assert result["messages"][-1].content == "From the best alone."


def test_the_steps_are_drawn_and_streamed(mock: MockServer, make_agent: Agent) -> None:
    graph = make_agent({}).compile()
    assert any(name.endswith("prior_score") for name in graph.get_graph(xray=True).nodes)
    events = graph.stream({"messages": [("human", "2 + 2?")]}, stream_mode="custom", subgraphs=True)
    assert [event["event"] for _, event in events][:2] == ["retrieved", "priors"]


async def test_tool_results_reach_the_llms_and_old_images_are_named(
    mock: MockServer, make_pool: Callable[..., Pool], bank: QuestionBank
) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    graph = build_graph(make_pool(), bank, settings={"n": 1}).compile()
    messages = [
        ("human", [{"type": "text", "text": "What is this?"}, picture]),
        ("ai", "A harbour."),
        ("human", "How warm is it there?"),
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}]},
        {"role": "tool", "tool_call_id": "1", "content": "17 degrees"},
    ]  # fmt: skip
    result = await graph.ainvoke({"messages": messages})
    asked = bodies(mock, "llm-0")[-1]["messages"][-1]["content"]
    assert asked.startswith("How warm is it there?")
    assert 'The tool weather was called with {"city":"Oslo"}.\nThe tool weather answered: 17 degrees' in asked
    assert any("image_url" in reason for reason in texts(result["degraded"]))
    with pytest.raises(InputError, match="image_url"):
        await graph.ainvoke({"messages": messages[:1]})
