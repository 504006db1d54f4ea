"""Majority Voting: all LLMs answer, the most frequent answer wins.

question -> retrieve -> prior_score -> referencer x R -> majority_vote -> answer
"""

from smacs.graph.baselines.stages import answer, ask
from smacs.graph.frame import CALLS, RANKING, AnyBank, AnyPool, AnySettings, Frame, Graph, everyone, open_pool
from smacs.nodes.baselines.majority_vote import majority_vote
from smacs.nodes.prior_score import prior_score
from smacs.pool.prompts import Prompts


def build_majority_voting_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. Answers that cannot be counted vote by similarity."""
    pool = open_pool(pool)
    uses = {*RANKING, *CALLS, "quorum"}
    frame = Frame(
        pool, bank, settings, prompts, uses=uses, work=lambda asked: {"references": asked.k}, fixed=everyone(pool)
    )
    ask(frame, prior_score)
    answer(frame, majority_vote)
    return frame.graph
