"""Symbolic-MoE: experts are drawn by what they got right of the question's skills, an aggregator makes one answer.

question -> retrieve -> recruit -> referencer x K (an expert drawn twice gives two samples) -> gather -> aggregator ->
select -> answer
"""

from smacs.graph.baselines.stages import ask, synthesise
from smacs.graph.frame import CALLS, RETRIEVAL, AnyBank, AnyPool, AnySettings, Frame, Graph, open_pool
from smacs.nodes.baselines.recruit import recruit
from smacs.pool.prompts import Prompts

EXPERTS = 3  # K, arXiv 2503.05641


def build_symbolic_moe_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. `k` is the number of draws, 3 whatever the pool file says."""
    pool = open_pool(pool)
    frame = Frame(
        pool,
        bank,
        settings,
        prompts,
        uses={*RETRIEVAL, *CALLS, "k", "aggregator"},
        work=lambda asked: {"naming of skills": 1, "references": asked.k, "candidate": 1},
        fixed={"k_drop": 0, "quorum": None},
        defaults={"k": min(EXPERTS, len(pool.llms))},
    )
    ask(frame, recruit)
    synthesise(frame)
    return frame.graph
