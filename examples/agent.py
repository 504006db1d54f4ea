"""An agent of your own with SMACS as one node: small talk is answered at once, questions go to the LLMs together.

    python examples/agent.py "Which planet is the largest?"

The agent's state is LangGraph's own `MessagesState`; SMACS reads the conversation and appends its answer.
"""

import asyncio
import sys
from typing import Any, Literal

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from smacs import Pool, QuestionBank, build_agent_graph


def triage(state: MessagesState) -> Literal["small_talk", "smacs"]:
    """Questions are worth several LLMs, greetings are not."""
    text = str(state["messages"][-1].content)
    return "smacs" if "?" in text or len(text.split()) > 6 else "small_talk"


def small_talk(state: MessagesState) -> dict[str, Any]:  # noqa: ARG001
    """Answer without any LLM."""
    return {"messages": [AIMessage("Hello! Ask me a question and several LLMs will answer it together.")]}


def build_agent(pool: Pool, bank: QuestionBank | None = None) -> StateGraph[MessagesState]:
    """The agent's graph, to be compiled with a checkpointer of your choice."""
    agent = StateGraph(MessagesState)
    agent.add_node("small_talk", small_talk)
    agent.add_node("smacs", build_agent_graph(pool, bank).compile())
    agent.add_conditional_edges(START, triage, ["small_talk", "smacs"])
    agent.add_edge("small_talk", END)
    agent.add_edge("smacs", END)
    return agent


async def main(question: str) -> None:
    """Ask once, and show what happens inside while it happens."""
    with Pool.load("local").running() as pool:
        agent: Any = build_agent(pool).compile()
        messages = {"messages": [("human", question)]}
        async for _, mode, chunk in agent.astream(messages, stream_mode=["custom", "messages"], subgraphs=True):
            if mode == "custom":
                print(f"[{chunk['event']}]", file=sys.stderr)
            else:
                print(chunk[0].content)
        await pool.aclose()


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "Which planet is the largest?"))
