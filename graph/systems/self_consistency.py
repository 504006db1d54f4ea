"""Self Consistency: the best LLM of the data set answers n times, its most frequent answer wins.

question -> retrieve -> route -> referencer (n samples) -> majority_vote, or most_consistent for free text -> answer
"""

from langgraph.graph import END

from smacs.graph.state import State
from smacs.graph.system import (
    ACCURACY,
    CALLS,
    CHOOSING,
    RETRIEVAL,
    AnyBank,
    AnyPool,
    AnySettings,
    Frame,
    Graph,
    System,
    alone,
    ask,
)
from smacs.nodes.baselines.majority_vote import majority_vote
from smacs.nodes.baselines.most_consistent import most_consistent
from smacs.nodes.baselines.route import route
from smacs.nodes.shared.extract import TASKS
from smacs.pool.prompts import Prompts


def build_self_consistency_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. `n` is the number of samples."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    graph = frame.graph
    ask(frame, route)
    frame.add(majority_vote, most_consistent)
    graph.add_conditional_edges("referencer", count_or_choose, ["majority_vote", "most_consistent"])
    graph.add_edge("majority_vote", END)
    graph.add_edge("most_consistent", END)
    return graph


def count_or_choose(state: State) -> str:
    """Answers that can be read and compared are counted; of others the LLM itself chooses."""
    return "majority_vote" if state["asked"]["task"] in TASKS else "most_consistent"


SYSTEM = System(
    name="self_consistency",
    title="Self Consistency",
    says="The best LLM answers several times, its most frequent answer wins.",
    steps=CHOOSING,
    ranking=ACCURACY,
    uses=(*RETRIEVAL, *CALLS, "n"),
    fixed=alone,
    work=lambda asked: {"samples": asked.n, "choice": 1},
    build=build_self_consistency_graph,
)
