"""The whole graph over real HTTP and real Chroma, with mock LLMs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph

from smacs.errors import InputError
from smacs.graph.build import build_graph
from smacs.nodes.selectors.shared.selector import selectors
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
ASK = {"question": "How many legs has a spider?"}


async def test_one_question_walks_through_every_node(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    mock.set("llm-7", text="Eight.", tokens=4, logprob=-0.5)
    result = await build_graph(make_pool(), bank).compile().ainvoke(ASK)
    assert result["answer"] == "Eight."
    assert result["messages"][-1].content == "Eight."
    assert list(result["priors"])[:7] == [f"llm-{i}" for i in range(7)]
    assert [record["llm"] for record in result["references"]] == [f"llm-{i}" for i in range(7)]
    assert len(result["subsets"]) == 8
    assert all(len(subset) == 6 for subset in result["subsets"])
    assert [candidate["index"] for candidate in result["candidates"]] == list(range(8))
    # exp(0.5) = 1.64872; equal texts have similarity 1; S = 1 + (1 - 1.64872) = 0.35128; ties go to index 0.
    assert result["candidates"][3]["perplexity"] == pytest.approx(1.64872, abs=1e-4)
    assert result["candidates"][3]["score"] == pytest.approx(0.35128, abs=1e-4)
    assert result["selected"] == {"candidate": 0, "llm": "llm-7", "finish": "stop"}
    assert result["degraded"] == []
    different = {tuple(subset) for subset in result["subsets"]}
    assert result["usage"]["calls"] == 7 + len(different)
    assert mock.stats().of("llm-7").requests == len(different)


async def test_the_best_candidate_wins_over_real_scores(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """Two of three candidates agree: their mutual similarity is larger, all else being equal."""
    mock.set("llm-7", text=["Six.", "Eight.", "Eight."], logprob=-0.1)
    settings = {"k": 2, "k_drop": 0, "n": 3}
    result = await build_graph(make_pool(), bank, settings=settings).compile().ainvoke(ASK)
    assert [candidate["text"] for candidate in result["candidates"]] == ["Six.", "Eight.", "Eight."]
    assert result["answer"] == "Eight."
    assert result["selected"]["candidate"] == 1


async def test_references_stand_in_descending_order_of_prior(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    for i in range(7):
        mock.set(f"llm-{i}", text=f"reference-of-{i}", latency=0.2 if i == 0 else 0.0)
    await build_graph(make_pool(), bank).compile().ainvoke(ASK)
    for body in mock.stats().bodies("llm-7"):
        prompt = str(body["messages"])
        places = [prompt.find(f"reference-of-{i}") for i in range(7)]
        present = [place for place in places if place >= 0]
        assert len(present) == 6
        assert present == sorted(present)


async def test_equal_subsets_are_one_call_with_n(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    result = await build_graph(make_pool(), bank, settings={"k": 2, "n": 8}).compile().ainvoke(ASK)
    bodies = mock.stats().bodies("llm-7")
    assert sum(body.get("n", 1) for body in bodies) == 8  # type: ignore[misc]
    assert len(bodies) == len({tuple(subset) for subset in result["subsets"]}) <= 2
    assert all(body["logprobs"] is True and body["top_logprobs"] == 0 for body in bodies)
    assert all("logprobs" not in body for body in mock.stats().bodies("llm-0"))


async def test_one_seed_one_result(make_pool: MakePool, bank: QuestionBank) -> None:
    graph = build_graph(make_pool(), bank).compile()
    results = [await graph.ainvoke(ASK, context={"seed": seed}) for seed in (3, 3, 4)]
    assert results[0]["subsets"] == results[1]["subsets"] != results[2]["subsets"]
    assert results[0]["selected"] == results[1]["selected"]


async def test_a_given_seed_reaches_every_call_and_differs(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    graph = build_graph(make_pool(), bank).compile()
    await graph.ainvoke(ASK, context={"seed": 3})
    seeds = [body.get("seed") for name in ("llm-0", "llm-1", "llm-7") for body in mock.stats().bodies(name)]
    assert None not in seeds
    assert len(set(seeds)) == len(seeds)


def test_invoke_works_like_ainvoke(make_pool: MakePool, bank: QuestionBank) -> None:
    graph = build_graph(make_pool(), bank).compile()
    first, second = graph.invoke(ASK), graph.invoke(ASK)
    assert first["answer"] == second["answer"]
    assert first["subsets"] == second["subsets"]


async def test_progress_events_come_in_order(make_pool: MakePool, bank: QuestionBank) -> None:
    graph = build_graph(make_pool(), bank).compile()
    events = [event async for event in graph.astream(ASK, stream_mode="custom")]
    kinds = [event["event"] for event in events]
    assert kinds[:2] == ["retrieved", "priors"]
    assert kinds[2:9] == ["referencer"] * 7
    assert kinds[9] == "subsets"
    assert kinds[10:-1] == ["candidate"] * 8
    assert kinds[-1] == "selected"


async def test_as_a_node_in_an_agent_nothing_is_doubled(make_pool: MakePool, bank: QuestionBank) -> None:
    agent = StateGraph(MessagesState)
    agent.add_node("smacs", build_graph(make_pool(), bank).compile())
    agent.add_edge(START, "smacs")
    graph: Any = agent.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    for turn in (1, 2):
        result = await graph.ainvoke({"messages": [("human", f"Question {turn}")]}, config)
        assert [message.type for message in result["messages"]] == ["human", "ai"] * turn


async def test_inside_an_agent_events_and_one_message_stream_with_subgraphs(
    make_pool: MakePool, bank: QuestionBank
) -> None:
    agent = StateGraph(MessagesState)
    agent.add_node("smacs", build_graph(make_pool(), bank).compile())
    agent.add_edge(START, "smacs")
    events: list[Any] = []
    messages: list[Any] = []
    graph: Any = agent.compile()
    stream = graph.astream({"messages": [("human", "Hello?")]}, stream_mode=["custom", "messages"], subgraphs=True)
    async for _, mode, chunk in stream:
        (events if mode == "custom" else messages).append(chunk)
    assert events[0]["event"] == "retrieved"
    assert events[-1]["event"] == "selected"
    assert [message.content for message, _ in messages] == [events[-1]["answer"]]


async def test_a_conversation_in_a_thread_keeps_its_context(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    graph = build_graph(make_pool(), bank).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"messages": [("human", "First?")]}, config)
    result = await graph.ainvoke({"messages": [("human", "Second?")]}, config)
    assert [message.type for message in result["messages"]] == ["human", "ai", "human", "ai"]
    assert len(result["references"]) == 7
    assert len(result["candidates"]) == 8
    roles = [message["role"] for message in mock.stats().bodies("llm-0")[-1]["messages"]]  # type: ignore[attr-defined]
    assert roles[-3:] == ["user", "assistant", "user"]


async def test_a_question_of_an_earlier_run_does_not_linger(make_pool: MakePool, bank: QuestionBank) -> None:
    graph = build_graph(make_pool(), bank).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"question": "First?"}, config)
    with pytest.raises(InputError, match="empty"):
        await graph.ainvoke({"question": " "}, config)


async def test_a_run_that_died_goes_on_from_its_checkpoint(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, tmp_path: Path
) -> None:
    config: Any = {"configurable": {"thread_id": "1"}}
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "runs.sqlite")) as saver:
        first = build_graph(make_pool(), bank).compile(checkpointer=saver, interrupt_before=["aggregator"])
        await first.ainvoke(ASK, config)
    asked = mock.stats().of("llm-0").requests
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "runs.sqlite")) as saver:
        again = build_graph(make_pool(), bank).compile(checkpointer=saver)
        result = await again.ainvoke(None, config)
    assert mock.stats().of("llm-0").requests == asked == 1
    assert len(result["candidates"]) == 8


async def test_the_state_is_plain_data(make_pool: MakePool, bank: QuestionBank) -> None:
    import orjson

    result = await build_graph(make_pool(), bank).compile().ainvoke(ASK)
    trace = {key: value for key, value in result.items() if key != "messages"}
    assert orjson.loads(orjson.dumps(trace)) == trace
    assert set(trace) == {
        "asked", "settings", "answer", "support", "priors", "references", "subsets", "candidates", "selected", "notes",
        "degraded", "usage",
    }  # fmt: skip


@pytest.mark.parametrize("selector", sorted(selectors().keys() - {"chance"}))
async def test_every_selector_ranks_the_llms_of_a_question(
    make_pool: MakePool, bank: QuestionBank, selector: str
) -> None:
    """The LLMs' accuracies fall with their number, on every part of the bank: all selectors see that."""
    result = await build_graph(make_pool(), bank, settings={"selector": selector}).compile().ainvoke(ASK)
    assert next(iter(result["priors"])) == "llm-0"
    assert result["degraded"] == []


async def test_an_unknown_selector_is_named_before_anything_is_asked(make_pool: MakePool, bank: QuestionBank) -> None:
    with pytest.raises(InputError, match=r"Setting selector: expected one of .*rps.*, got 'x'"):
        build_graph(make_pool(), bank, settings={"selector": "x"})
