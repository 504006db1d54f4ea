"""The SMACS graph. Data walks through it once:

question -> retrieve -> prior_score -> referencer x K -> prior_drop -> aggregator x n -> hybrid_score -> select ->
answer
"""

from langgraph.graph import END, START

from smacs.graph.system import (
    PRIOR,
    AnyBank,
    AnyPool,
    AnySettings,
    Frame,
    Graph,
    System,
    send_aggregators,
    send_referencers,
)
from smacs.nodes.aggregator import aggregator
from smacs.nodes.hybrid_score import hybrid_score
from smacs.nodes.prior_drop import prior_drop
from smacs.nodes.prior_score import prior_score
from smacs.nodes.referencer import referencer
from smacs.nodes.retrieve import retrieve
from smacs.nodes.select import select
from smacs.nodes.shared.settings import Settings
from smacs.pool.prompts import Prompts


def build_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph; compile it with a checkpointer and a name of your own.

    `pool` is a pool or the name or path of a pool file, `bank` a bank or its folder (default: the starter bank).
    `settings` are defaults that a run's context overrides; a system ignores those that it has no use for, so that one
    set of them serves all systems. Raises PoolError, BankError or InputError when something named does not exist or
    fit.
    """
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    frame.add(retrieve, prior_score, referencer, prior_drop, aggregator, hybrid_score, select)

    graph = frame.graph
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", "prior_score")
    graph.add_conditional_edges("prior_score", send_referencers, ["referencer"])
    graph.add_edge("referencer", "prior_drop")
    graph.add_conditional_edges("prior_drop", send_aggregators, ["aggregator", "select"])
    graph.add_edge("aggregator", "hybrid_score")
    graph.add_edge("hybrid_score", "select")
    graph.add_edge("select", END)
    return graph


SYSTEM = System(
    name="smacs",
    title="SMACS",
    says="The LLMs that did best on similar questions answer; an aggregator writes candidates from different subsets "
    "of their replies; the best candidate wins.",
    steps=("support", "priors", "references", "subsets", "candidates", "answer"),
    ranking=PRIOR,
    uses=tuple(name for name in Settings.model_fields if name != "llm"),
    work=lambda asked: {"references": asked.k, "candidates": asked.n},
    build=build_graph,
)
