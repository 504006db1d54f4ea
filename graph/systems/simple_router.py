"""Simple Router: the LLM with the best accuracy on the bank's questions of the same data set answers alone.

question -> retrieve -> route -> referencer -> best_reference -> answer
"""

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
    answer,
    ask,
)
from smacs.nodes.baselines.references import best_reference
from smacs.nodes.baselines.route import route
from smacs.pool.prompts import Prompts


def build_simple_router_graph(
    pool: AnyPool = "local", bank: AnyBank = None, *, settings: AnySettings = None, prompts: Prompts | None = None
) -> Graph:
    """The uncompiled graph, see `build_graph`. If the LLM fails, the next best answers."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    ask(frame, route)
    answer(frame, best_reference)
    return frame.graph


SYSTEM = System(
    name="simple_router",
    title="Simple Router",
    says="The LLM that is best on the data set answers.",
    steps=CHOOSING,
    ranking=ACCURACY,
    uses=(*RETRIEVAL, *CALLS),
    fixed=lambda pool: {**alone(pool), "n": 1},
    work=lambda _: {"reference": 1},
    build=build_simple_router_graph,
)
