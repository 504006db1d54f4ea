"""Table 2: one part of SMACS after the other."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from smacs.bench.report.compare import Gaps
from smacs.bench.report.figures import Point
from smacs.bench.report.model import System
from smacs.bench.report.names import find
from smacs.bench.report.read import Run
from smacs.bench.run.spec import ABLATION


def ablation(run: Run, systems: Sequence[System]) -> list[Point]:
    """The steps that were run, each with its difference to the one before; none where there are fewer than two."""
    steps = [(name, spec) for name, text in ABLATION.items() if (spec := find(run.specs, text))]
    if len(steps) < 2:
        return []
    gaps = Gaps.of(run, [(after, before) for (_, before), (_, after) in pairwise(steps)])
    rows = {row.spec: row for row in systems}
    points = [rows[spec].point(name) for name, spec in steps]
    later = [msgspec.structs.replace(p, difference=gaps.mean(i)) for i, p in enumerate(points[1:])]
    return [points[0], *later]
