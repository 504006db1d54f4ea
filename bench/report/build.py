"""From the folder of a run to a report."""

from pathlib import Path

import msgspec

from smacs.bench.report.arrays import read_run
from smacs.bench.report.figures.ablation import ablation
from smacs.bench.report.figures.aggregators import aggregators
from smacs.bench.report.figures.cost import costs
from smacs.bench.report.figures.disagreement import disagreements
from smacs.bench.report.figures.diversity import diversity
from smacs.bench.report.figures.inside import inside
from smacs.bench.report.figures.ranking import ranking
from smacs.bench.report.figures.scaling import scaling
from smacs.bench.report.figures.support import support
from smacs.bench.report.figures.systems import systems
from smacs.bench.report.model import Report
from smacs.bench.report.names import REFERENCE, find
from smacs.bench.run.spec import ABLATION, DROPS, LLM, parse_spec

SYSTEMS = {  # what `smacs bench run --systems` needs for each part
    "systems": "smacs",
    "ablation": "ablation",
    "ranking": "smacs,llms",
    "scaling": "pools",
    "support": "smacs",
    "diversity": "drops",
    "aggregators": "aggregators",
    "inside": "smacs",
}


def build(folder: Path) -> Report:
    """Every number of the report. Raises InputError where there is no run, BankError for a broken results file."""
    run = read_run(folder)
    info, rows = run.info, systems(run)
    made = Report(
        smacs=info.smacs,
        created=info.created,
        seed=info.seed,
        pool=info.pool,
        bank=info.bank,
        settings=info.settings,
        benchmarks={name: run.title(name) for name in run.benchmarks},
        questions={name: int((run.benchmark == code).sum()) for code, name in enumerate(run.benchmarks)},
        notes=run.notes,
        systems=rows,
        costs=costs(run, rows),
        ablation=ablation(run, rows),
        ranking=ranking(run),
        scaling=scaling(run, rows),
        support=support(run),
        diversity=diversity(run),
        aggregators=aggregators(run, rows),
        inside=inside(run),
        differing=disagreements(run),
        missing={},
    )
    return msgspec.structs.replace(made, missing=_missing(made))


def _missing(report: Report) -> dict[str, str]:
    """For each part of the report that lacks a system, the `--systems` that give it."""
    specs = {row.spec: parse_spec(row.spec) for row in report.systems}
    lacking = {
        "systems": REFERENCE not in specs,
        "ablation": any(find(specs, text) is None for text in ABLATION.values()),
        "ranking": any(f"{LLM}{name}" not in specs for name in report.pool.llms),
        "diversity": any(find(specs, text) is None for text in DROPS.values()),
    }
    return {part: groups for part, groups in SYSTEMS.items() if lacking.get(part) or not getattr(report, part)}
