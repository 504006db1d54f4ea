"""Self-MoA: the best LLM of the data set answers n times, an aggregator makes one answer of its samples.

question -> retrieve -> route -> referencer (n samples) -> gather -> aggregator -> select -> answer
"""

from smacs.graph.system import (
    ACCURACY,
    AGGREGATING,
    CALLS,
    RETRIEVAL,
    AnyBank,
    AnyPool,
    AnySettings,
    Frame,
    Graph,
    System,
    alone,
    ask,
    synthesise,
)
from smacs.nodes.baselines.route import route
from smacs.pool.prompts import Prompts


def build_self_moa_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. `n` is the number of samples."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    ask(frame, route)
    synthesise(frame)
    return frame.graph


SYSTEM = System(
    name="self_moa",
    title="Self-MoA",
    says="The best LLM answers several times, an aggregator makes one answer of it.",
    steps=AGGREGATING,
    ranking=ACCURACY,
    uses=(*RETRIEVAL, *CALLS, "n", "aggregator"),
    fixed=alone,
    work=lambda asked: {"samples": asked.n, "candidate": 1},
    build=build_self_moa_graph,
)
