"""SMACS inside other graphs: as a node of an agent, and as a tool.

A subgraph shares every key of its parent that has the same name, so SMACS's own state (`question`, `task`, `notes`,
`usage`, ...) is no state for an agent. The agent's graph has two keys: `messages`, and `smacs` for the trace.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from smacs.graph.system import AnyBank, AnyPool
from smacs.graph.systems import build_system
from smacs.pool.prompts import Prompts


class AgentInput(TypedDict, total=False):
    """What an agent hands over: a conversation whose last human message is the question."""

    messages: Annotated[list[AnyMessage], add_messages]


class AgentState(AgentInput, total=False):
    """What it gets back: the answer appended to the conversation, and the trace."""

    smacs: dict[str, Any]


def build_agent_graph(
    pool: AnyPool = "local",
    bank: AnyBank = None,
    *,
    system: str = "smacs",
    task: str = "",
    settings: Mapping[str, Any] | None = None,
    prompts: Prompts | None = None,
) -> StateGraph[Any, Any, Any, Any]:
    """The uncompiled graph of a system for an agent: it reads `messages`, appends the answer, and writes `smacs`.

    No other key of its parent is read or written. `task` names the kind of question (see `smacs ask --task`),
    `settings` hold for every run; a run's context may have others under its key `smacs`. Raises PoolError, BankError
    or InputError when something named does not exist or fit.
    """
    inner = build_system(system, pool, bank, settings or {}, prompts=prompts).compile(name=system)

    def question(state: AgentInput) -> dict[str, Any]:
        return {"messages": state.get("messages") or [], "task": task}

    graph = StateGraph(AgentState, input_schema=AgentInput, output_schema=AgentState)
    graph.add_node(system, RunnableLambda(question) | inner | RunnableLambda(_answer))
    graph.add_edge(START, system)
    graph.add_edge(system, END)
    return graph


def _answer(result: dict[str, Any]) -> AgentState:
    """The answer as one message, and everything else as the trace."""
    trace = {key: value for key, value in result.items() if key != "messages"}
    return {"messages": [AIMessage(result["answer"])], "smacs": trace}
