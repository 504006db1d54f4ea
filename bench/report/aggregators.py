"""Fig. 6: the aggregator."""

from collections.abc import Sequence

from smacs.bench.report.figures import Point
from smacs.bench.report.model import System
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.read import Run


def aggregators(run: Run, systems: Sequence[System]) -> list[Point]:
    """SMACS with each aggregator, on their mean (group empty) and on each benchmark; none for fewer than two."""
    found = {_default(run): REFERENCE} if REFERENCE in run.specs else {}
    for name, spec in run.specs.items():
        if spec.system == REFERENCE and not spec.pool and set(spec.settings) == {"aggregator"}:
            found[str(spec.settings["aggregator"])] = name
    if len(found) < 2:
        return []
    by_spec = {row.spec: row for row in systems}
    rows = [(aggregator, by_spec[spec]) for aggregator, spec in found.items()]
    return [row.point(name, benchmark) for benchmark in ("", *run.benchmarks) for name, row in rows]


def _default(run: Run) -> str:
    """The aggregator where a spec names none."""
    return str(run.info.settings.get("aggregator") or run.info.pool.aggregators[0])
