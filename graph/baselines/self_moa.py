"""Self-MoA: the best LLM of the data set answers n times, an aggregator makes one answer of its samples.

question -> retrieve -> route -> referencer (n samples) -> gather -> aggregator -> select -> answer
"""

from smacs.graph.baselines.stages import ask, synthesise
from smacs.graph.frame import ALONE, CALLS, RETRIEVAL, AnyBank, AnyPool, AnySettings, Frame, Graph
from smacs.nodes.baselines.route import route
from smacs.pool.prompts import Prompts


def build_self_moa_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. `n` is the number of samples."""
    uses = {*RETRIEVAL, *CALLS, "n", "aggregator"}
    frame = Frame(
        pool, bank, settings, prompts, uses=uses, work=lambda asked: {"samples": asked.n, "candidate": 1}, fixed=ALONE
    )
    ask(frame, route)
    synthesise(frame)
    return frame.graph
