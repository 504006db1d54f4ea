"""Single LLM: one LLM answers, with the prompt and sampling that it has as a referencer.

question -> retrieve -> assign -> referencer -> best_reference -> answer
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
from smacs.nodes.baselines.route import assign
from smacs.pool.prompts import Prompts


def build_single_llm_graph(
    pool: AnyPool = "local",
    bank: AnyBank = None,
    *,
    llm: str | None = None,
    settings: AnySettings = None,
    prompts: Prompts | None = None,
) -> Graph:
    """The uncompiled graph, see `build_graph`; `llm` (default: the best on the bank) is a default of the settings."""
    frame = Frame(SYSTEM, pool, bank, settings, prompts, defaults={"llm": llm} if llm else None)
    ask(frame, assign)
    answer(frame, best_reference)
    return frame.graph


SYSTEM = System(
    name="single_llm",
    title="Single LLM",
    says="One LLM answers alone.",
    steps=CHOOSING,
    ranking=ACCURACY,
    uses=(*RETRIEVAL, *CALLS, "llm"),
    fixed=alone,
    work=lambda _: {"reference": 1},
    build=build_single_llm_graph,
)
