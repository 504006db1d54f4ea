"""Majority Voting: all LLMs answer, the most frequent answer wins.

question -> retrieve -> prior_score -> referencer x R -> majority_vote -> answer
"""

from smacs.graph.system import (
    CALLS,
    CHOOSING,
    PRIOR,
    RANKING,
    AnyBank,
    AnyPool,
    AnySettings,
    Frame,
    Graph,
    System,
    answer,
    ask,
    everyone,
)
from smacs.nodes.baselines.majority_vote import majority_vote
from smacs.nodes.prior_score import prior_score
from smacs.pool.prompts import Prompts


def build_majority_voting_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. Answers that cannot be counted vote by similarity."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    ask(frame, prior_score)
    answer(frame, majority_vote)
    return frame.graph


SYSTEM = System(
    name="majority_voting",
    title="Majority Voting",
    says="All LLMs answer, the most frequent answer wins.",
    steps=CHOOSING,
    ranking=PRIOR,
    uses=(*RANKING, *CALLS, "quorum"),
    fixed=everyone,
    work=lambda asked: {"references": asked.k},
    build=build_majority_voting_graph,
)
