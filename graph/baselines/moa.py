"""Mixture of Agents: all LLMs answer, an aggregator makes one answer of all of theirs.

question -> retrieve -> prior_score -> referencer x R -> gather -> aggregator -> select -> answer
"""

from smacs.graph.baselines.stages import ask, synthesise
from smacs.graph.frame import CALLS, RANKING, AnyBank, AnyPool, AnySettings, Frame, Graph, everyone, open_pool
from smacs.nodes.prior_score import prior_score
from smacs.pool.prompts import Prompts


def build_moa_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. The prior only orders the references in the prompt."""
    pool = open_pool(pool)
    uses = {*RANKING, *CALLS, "quorum", "aggregator"}
    frame = Frame(
        pool,
        bank,
        settings,
        prompts,
        uses=uses,
        work=lambda asked: {"references": asked.k, "candidate": 1},
        fixed=everyone(pool),
    )
    ask(frame, prior_score)
    synthesise(frame)
    return frame.graph
