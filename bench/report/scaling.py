"""Fig. 3: the size of the pool."""

from collections.abc import Sequence

from smacs.bench.report.model import Scaling, System
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.read import Run


def scaling(run: Run, systems: Sequence[System]) -> list[Scaling]:
    """SMACS with pools of at least two sizes, the smallest first."""
    found = []
    rows = {row.spec: row for row in systems}
    for name, spec in run.specs.items():
        if spec.system == REFERENCE and not spec.settings:
            llms, row = list(spec.pool or run.info.pool.llms), rows[name]
            found.append(Scaling(spec=name, size=len(llms), llms=llms, mean=row.mean, cells=row.cells))
    sizes = {point.size for point in found}
    return sorted(found, key=lambda point: point.size) if len(sizes) > 1 else []
