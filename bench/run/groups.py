"""Names for groups of systems: `paper`, `llms`, and one for each table and figure of the paper."""

from collections.abc import Callable, Mapping, Sequence

from smacs.bench.run.spec import ABLATION, DROPS, LLM, parse_spec, split_specs
from smacs.graph.systems import SINGLE_LLM, SYSTEMS
from smacs.pool.pool import Pool


def _paper(_: Pool) -> Sequence[str]:
    return [name for name in SYSTEMS if name != SINGLE_LLM]


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
