"""Mixture of Agents: all LLMs answer, an aggregator makes one answer of all of theirs.

question -> retrieve -> prior_score -> referencer x R -> gather -> aggregator -> select -> answer
"""

from smacs.graph.system import (
    AGGREGATING,
    CALLS,
    PRIOR,
    RANKING,
    AnyBank,
    AnyPool,
    AnySettings,
    Frame,
    Graph,
    System,
    ask,
    everyone,
    synthesise,
)
from smacs.nodes.prior_score import prior_score
from smacs.pool.prompts import Prompts


def build_moa_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. The prior only orders the references in the prompt."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    ask(frame, prior_score)
    synthesise(frame)
    return frame.graph


SYSTEM = System(
    name="moa",
    title="MoA",
    says="All LLMs answer, an aggregator makes one answer of it.",
    steps=AGGREGATING,
    ranking=PRIOR,
    uses=(*RANKING, *CALLS, "quorum", "aggregator"),
    fixed=everyone,
    work=lambda asked: {"references": asked.k, "candidate": 1},
    build=build_moa_graph,
)
