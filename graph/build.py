"""The SMACS graph. Data walks through it once:

question -> retrieve -> prior_score -> referencer x K -> prior_drop -> aggregator x n -> hybrid_score -> select ->
answer
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from smacs.graph.node import Node, Workshop
from smacs.graph.settings import make_settings, settings_schema
from smacs.graph.state import InputState, OutputState, State
from smacs.nodes.aggregator import AggregatorTask, aggregator, group_subsets
from smacs.nodes.hybrid_score import Aggregated, hybrid_score
from smacs.nodes.prior_drop import Referenced, prior_drop
from smacs.nodes.prior_score import Retrieved, prior_score
from smacs.nodes.question import Asked
from smacs.nodes.referencer import ReferencerTask, referencer
from smacs.nodes.retrieve import retrieve
from smacs.nodes.select import Scored, select
from smacs.nodes.settings import Settings
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank


def build_graph(
    pool: Pool | str | Path = "local",
    bank: QuestionBank | str | Path | None = None,
    *,
    settings: Settings | Mapping[str, Any] | None = None,
    prompts: Prompts | None = None,
) -> StateGraph[State, Any, Any, Any]:
    """The uncompiled graph; compile it with a checkpointer and a name of your own.

    `pool` is a pool or the name or path of a pool file, `bank` a bank or its folder (default: the starter bank).
    `settings` are defaults that a run's context overrides. Raises PoolError, BankError or InputError when something
    named does not exist or fit.
    """
    pool = pool if isinstance(pool, Pool) else Pool.load(pool)
    if not isinstance(bank, QuestionBank):
        bank = QuestionBank.open(bank) if bank is not None else QuestionBank.starter()
    pool.embedder(bank.embedder)  # a mismatch is said now, not at the first question
    workshop = Workshop(pool, bank, prompts or Prompts.load(), make_settings(pool, settings))

    def send_referencers(state: State) -> list[Send]:
        shared = {"asked": state["asked"], "priors": state["priors"], "run": state.get("run")}
        chosen = list(state["priors"])[: workshop.tools().settings.k]
        return [Send("referencer", {**shared, "llm": name}) for name in chosen]

    graph: StateGraph[State, Any, Any, Any] = StateGraph(
        State,
        context_schema=settings_schema(pool, workshop.defaults),
        input_schema=InputState,
        output_schema=OutputState,
    )
    graph.add_node("retrieve", Node(retrieve, workshop), input_schema=Asked)
    graph.add_node("prior_score", Node(prior_score, workshop), input_schema=Retrieved)
    graph.add_node("referencer", Node(referencer, workshop), input_schema=ReferencerTask)
    graph.add_node("prior_drop", Node(prior_drop, workshop), input_schema=Referenced)
    graph.add_node("aggregator", Node(aggregator, workshop), input_schema=AggregatorTask)
    graph.add_node("hybrid_score", Node(hybrid_score, workshop), input_schema=Aggregated)
    graph.add_node("select", Node(select, workshop), input_schema=Scored)

    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", "prior_score")
    graph.add_conditional_edges("prior_score", send_referencers, ["referencer"])
    graph.add_edge("referencer", "prior_drop")
    graph.add_conditional_edges("prior_drop", send_aggregators, ["aggregator", "select"])
    graph.add_edge("aggregator", "hybrid_score")
    graph.add_edge("hybrid_score", "select")
    graph.add_edge("select", END)
    return graph


def send_aggregators(state: State) -> list[Send] | str:
    """One aggregator call for each different subset; without any reference there is nothing to aggregate."""
    if not state["subsets"]:
        return "select"
    references = [
        {"llm": record["llm"], "text": record["text"]} for record in state["references"] if not record["error"]
    ]
    shared = {"asked": state["asked"], "references": references, "run": state.get("run")}
    groups = group_subsets(state["subsets"])
    return [Send("aggregator", {**shared, "subset": subset, "indices": indices}) for subset, indices in groups]
