"""Single LLM: one LLM answers, with the prompt and sampling that it has as a referencer.

question -> retrieve -> assign -> referencer -> best_reference -> answer
"""

from smacs.graph.baselines.stages import answer, ask
from smacs.graph.frame import ALONE, CALLS, RETRIEVAL, AnyBank, AnyPool, AnySettings, Frame, Graph
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
    uses, own = {*RETRIEVAL, *CALLS, "llm"}, {"llm": llm} if llm else None
    frame = Frame(pool, bank, settings, prompts, uses=uses, work=lambda _: {"reference": 1}, fixed=ALONE, defaults=own)
    ask(frame, assign)
    answer(frame, best_reference)
    return frame.graph
