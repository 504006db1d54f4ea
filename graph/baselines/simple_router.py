"""Simple Router: the LLM with the best accuracy on the bank's questions of the same data set answers alone.

question -> retrieve -> route -> referencer -> best_reference -> answer
"""

from smacs.graph.baselines.stages import answer, ask
from smacs.graph.frame import ALONE, CALLS, RETRIEVAL, AnyBank, AnyPool, AnySettings, Frame, Graph
from smacs.nodes.baselines.references import best_reference
from smacs.nodes.baselines.route import route
from smacs.pool.prompts import Prompts


def build_simple_router_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. If the LLM fails, the next best answers."""
    uses, fixed = {*RETRIEVAL, *CALLS}, {**ALONE, "n": 1}
    frame = Frame(pool, bank, settings, prompts, uses=uses, work=lambda _: {"reference": 1}, fixed=fixed)
    ask(frame, route)
    answer(frame, best_reference)
    return frame.graph
