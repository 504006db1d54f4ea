"""The systems of a run: groups of specs, one for each table and figure of the paper, and the graph of a spec."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from smacs.bench.run.spec import ABLATION, DROPS, LLM, Spec, parse_spec, split_specs
from smacs.errors import InputError
from smacs.graph.settings import make_settings
from smacs.graph.systems import SINGLE_LLM, system_names, systems
from smacs.graph.systems.single_llm import build_single_llm_graph
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank


def _paper(_: Pool) -> Sequence[str]:
    return [name for name in system_names() if name != SINGLE_LLM]


def _llms(pool: Pool) -> Sequence[str]:
    return [f"{LLM}{name}" for name in pool.llms]


def _pools(pool: Pool) -> Sequence[str]:
    """Fig. 3: pools of 2, 3, ... LLMs; the first has the first aggregator, the others join in the pool's order."""
    first = pool.file.aggregators[0]
    names = [first, *(name for name in pool.llms if name != first)]
    parts = [f"smacs[pool={'+'.join(names[:size])}]" for size in range(2, len(names))]
    return [*parts, "smacs"]


def _aggregators(pool: Pool) -> Sequence[str]:
    return [f"smacs[aggregator={name}]" for name in pool.llms]


GROUPS: Mapping[str, Callable[[Pool], Sequence[str]]] = {
    "paper": _paper,
    "llms": _llms,
    "ablation": lambda _: list(ABLATION.values()),
    "pools": _pools,
    "drops": lambda _: list(DROPS.values()),
    "aggregators": _aggregators,
}


def expand(text: str, pool: Pool) -> list[str]:
    """The specs, each once and in its canonical form, that a list of specs and groups means. Raises InputError."""
    specs = [spec for part in split_specs(text) for spec in (GROUPS[part](pool) if part in GROUPS else [part])]
    return list(dict.fromkeys(str(parse_spec(spec)) for spec in specs))


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
