"""Runs of SMACS with other settings: the ablation (table 2), the size of the pool (fig. 3), the aggregator (fig. 6)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from smacs.bench.report.compare import Gaps
from smacs.bench.report.figures import Point
from smacs.bench.report.model import Scaling, System
from smacs.bench.report.names import REFERENCE, find
from smacs.bench.report.read import Run

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (  # table 2, one part of SMACS after the other
    ("random LLMs, one aggregation", {"selector": "chance", "n": 1, "k_drop": 0}),
    ("+ retrieval prior", {"n": 1, "k_drop": 0}),
    ("+ similarity", {"k_drop": 0, "lam": 0}),
    ("+ perplexity", {"k_drop": 0}),
    ("+ prior drop: SMACS", {}),
)


def ablation(run: Run, systems: Sequence[System]) -> list[Point]:
    """The steps that were run, each with its difference to the one before; none where there are fewer than two."""
    steps = [(name, spec) for name, settings in STEPS if (spec := find(run.specs, settings))]
    if len(steps) < 2:
        return []
    gaps = Gaps.of(run, [(after, before) for (_, before), (_, after) in pairwise(steps)])
    points = [_point(name, _row(systems, spec)) for name, spec in steps]
    later = [msgspec.structs.replace(p, difference=gaps.mean(i)) for i, p in enumerate(points[1:])]
    return [points[0], *later]


def aggregators(run: Run, systems: Sequence[System]) -> list[Point]:
    """SMACS with each aggregator, on their mean (group empty) and on each benchmark; none for fewer than two."""
    found = {_default(run): REFERENCE} if REFERENCE in run.specs else {}
    for name, spec in run.specs.items():
        if spec.system == REFERENCE and not spec.pool and set(spec.settings) == {"aggregator"}:
            found[str(spec.settings["aggregator"])] = name
    if len(found) < 2:
        return []
    rows = [(aggregator, _row(systems, spec)) for aggregator, spec in found.items()]
    means = [_point(aggregator, row) for aggregator, row in rows]
    return [*means, *(_point(name, row, benchmark) for benchmark in run.benchmarks for name, row in rows)]


def scaling(run: Run, systems: Sequence[System]) -> list[Scaling]:
    """SMACS with pools of at least two sizes, the smallest first."""
    found = []
    for name, spec in run.specs.items():
        if spec.system == REFERENCE and not spec.settings:
            llms, row = list(spec.pool or run.info.pool.llms), _row(systems, name)
            found.append(Scaling(spec=name, size=len(llms), llms=llms, mean=row.mean, cells=row.cells))
    sizes = {point.size for point in found}
    return sorted(found, key=lambda point: point.size) if len(sizes) > 1 else []


def _default(run: Run) -> str:
    """The aggregator where a spec names none."""
    return str(run.info.settings.get("aggregator") or run.info.pool.aggregators[0])


def _row(systems: Sequence[System], spec: str) -> System:
    return next(row for row in systems if row.spec == spec)


def _point(name: str, row: System, benchmark: str = "") -> Point:
    cell = row.cells[benchmark] if benchmark else row.mean
    return Point(name=name, share=cell.accuracy, questions=cell.questions, group=benchmark, spec=row.spec)
