"""Table 2: one part of SMACS after the other."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import MAIN, PLAIN, Dot, dots
from smacs.bench.report.model import Point, Report, System
from smacs.bench.report.names import find
from smacs.bench.report.sheet import NONE, Cell, Section, Sheet, cell, gain, needs, p_value
from smacs.bench.report.statistics import Gaps
from smacs.bench.run.spec import ABLATION

TEXT = (
    "Each row has one part more than the row above: mean accuracy over the benchmarks, and the paired difference to "
    "the row above it. A step whose interval holds zero has not been shown to help or to harm.",
)


def ablation(run: RunArrays, systems: Sequence[System]) -> list[Point]:
    """The steps that were run, each with its difference to the one before; none where there are fewer than two."""
    steps = [(name, spec) for name, text in ABLATION.items() if (spec := find(run.specs, text))]
    if len(steps) < 2:
        return []
    gaps = Gaps.of(run, [(after, before) for (_, before), (_, after) in pairwise(steps)])
    rows = {row.spec: row for row in systems}
    points = [rows[spec].point(name) for name, spec in steps]
    later = [msgspec.structs.replace(p, difference=gaps.mean(i)) for i, p in enumerate(points[1:])]
    return [points[0], *later]


def section(report: Report) -> Section:
    """The steps that were run."""
    points = report.ablation
    lacking = needs(report, "ablation", bool(points))
    if not points:
        return Section("ablation", "Table 2: ablation", needs=lacking)
    rows = [
        [
            Cell(point.name, [point.spec]),
            cell(point.share, f"n = {point.questions:,}"),
            Cell(gain(point.difference), [p_value(point.difference.p)]) if point.difference else Cell(NONE),
        ]
        for point in points
    ]
    chart = dots("ablation", "Ablation", [Dot(p.name, p.share, MAIN if p is points[-1] else PLAIN) for p in points])
    sheet = Sheet("Table 2", ["system", "accuracy, %", "to the row above, points"], rows)
    return Section("ablation", "Table 2: ablation", TEXT, [chart], [sheet], lacking)
