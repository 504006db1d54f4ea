"""From a spec to a graph that can be asked."""

from typing import Any

from smacs.bench.run.spec import LLM, Spec
from smacs.errors import InputError
from smacs.graph.settings import make_settings
from smacs.graph.systems import SINGLE_LLM, systems
from smacs.graph.systems.single_llm import build_single_llm_graph
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank


def build(spec: Spec, pool: Pool, bank: QuestionBank, settings: dict[str, Any], prompts: Prompts) -> Any:
    """The compiled graph of a spec; its settings go over `settings`.

    Raises InputError or PoolError when it names a system, LLM or setting that does not exist, or that it has no use
    for.
    """
    part = pool.part(spec.pool) if spec.pool else pool
    own = {**settings, **spec.settings}
    if spec.pool and "k" not in own:  # the pool file's K may be more than this part has
        own["k"] = min(make_settings(pool, settings).k, len(part.llms))
    graph = _graph(spec, part, bank, own, prompts)
    uses = graph.context_schema.model_fields
    unused = [name for name in spec.settings if name not in uses]
    if unused:
        raise InputError(f"System {str(spec)!r} has no setting {unused[0]!r}; it has {', '.join(uses)}.")
    return graph.compile(name=str(spec))


def _graph(spec: Spec, pool: Pool, bank: QuestionBank, settings: dict[str, Any], prompts: Prompts) -> Any:
    if spec.llm is not None:
        return build_single_llm_graph(pool, bank, llm=spec.llm, settings=settings, prompts=prompts)
    if spec.system not in systems() or spec.system == SINGLE_LLM:
        names = ", ".join([*(name for name in systems() if name != SINGLE_LLM), f"{LLM}NAME"])
        raise InputError(f"System {str(spec)!r}: expected one of {names}; settings go into brackets, smacs[k=3].")
    return systems()[spec.system].build(pool, bank, settings=settings, prompts=prompts)
