"""Symbolic-MoE: experts are drawn by what they got right of the question's skills, an aggregator makes one answer.

question -> retrieve -> recruit -> referencer x K (an expert drawn twice gives two samples) -> gather -> aggregator ->
select -> answer
"""

from smacs.graph.system import (
    AGGREGATING,
    CALLS,
    CHANCE,
    RETRIEVAL,
    AnyBank,
    AnyPool,
    AnySettings,
    Frame,
    Graph,
    System,
    ask,
    synthesise,
)
from smacs.nodes.baselines.recruit import recruit
from smacs.pool.prompts import Prompts

EXPERTS = 3  # K, arXiv 2503.05641


def build_symbolic_moe_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. `k` is the number of draws, 3 whatever the pool file says."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    ask(frame, recruit)
    synthesise(frame)
    return frame.graph


SYSTEM = System(
    name="symbolic_moe",
    title="Symbolic-MoE",
    says="Experts for the question's skills answer, an aggregator makes one answer of it.",
    steps=AGGREGATING,
    ranking=CHANCE,
    uses=(*RETRIEVAL, *CALLS, "k", "aggregator"),
    fixed=lambda _: {"k_drop": 0, "quorum": None},
    defaults=lambda pool: {"k": min(EXPERTS, len(pool.llms))},
    work=lambda asked: {"naming of skills": 1, "references": asked.k, "candidate": 1},
    build=build_symbolic_moe_graph,
)
