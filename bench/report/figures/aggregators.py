"""Fig. 6: SMACS with each aggregator."""

from collections.abc import Sequence

from smacs.bench.report.arrays import RunArrays
from smacs.bench.report.charts import MAIN, PLAIN, Dot, dots
from smacs.bench.report.model import Point, Report, System
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.sheet import Section, Sheet, group_rows, needs

TITLE = "Fig. 6: choice of the aggregator"
TEXT = ("SMACS with other aggregators; blue is the pool's own.",)


def aggregators(run: RunArrays, systems: Sequence[System]) -> list[Point]:
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


def _default(run: RunArrays) -> str:
    """The aggregator where a spec names none."""
    return str(run.info.settings.get("aggregator") or run.info.pool.aggregators[0])


def section(report: Report) -> Section:
    """Each aggregator on the mean and on each benchmark."""
    points = report.aggregators
    lacking = needs(report, "aggregators", bool(points))
    if not points:
        return Section("aggregators", TITLE, needs=lacking)
    groups = {"": "mean", **report.benchmarks}
    made: list[Dot] = []
    for group, title in groups.items():
        mine = [point for point in points if point.group == group and point.share]
        made += [Dot(title), *(Dot(p.name, p.share, MAIN if p.spec == REFERENCE else PLAIN) for p in mine)]
    names = list(dict.fromkeys(point.name for point in points))
    rows = group_rows(points, groups)
    chart = dots("aggregators", "Accuracy by aggregator", made)
    sheet = Sheet("The same as a table", ["benchmark", *names], rows, folded=True)
    return Section("aggregators", TITLE, TEXT, [chart], [sheet], lacking)
