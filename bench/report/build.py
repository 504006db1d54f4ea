"""From the folder of a run to a report."""

from pathlib import Path

import msgspec

from smacs.bench.report.ablation import ablation
from smacs.bench.report.accuracy import systems
from smacs.bench.report.aggregators import aggregators
from smacs.bench.report.costs import costs
from smacs.bench.report.differing import differing
from smacs.bench.report.diversity import diversity
from smacs.bench.report.inside import inside
from smacs.bench.report.missing import missing
from smacs.bench.report.model import Report
from smacs.bench.report.ranking import ranking
from smacs.bench.report.read import read
from smacs.bench.report.scaling import scaling
from smacs.bench.report.support import support


def build(folder: Path) -> Report:
    """Every number of the report. Raises InputError where there is no run, BankError for a broken results file."""
    run = read(folder)
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
        differing=differing(run),
        missing={},
    )
    return msgspec.structs.replace(made, missing=missing(made))
