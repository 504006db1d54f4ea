"""What `run.json` says of a run that is about to start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from smacs import __version__
from smacs.bench.benchmarks import find_benchmark
from smacs.bench.run.records import BankInfo, BenchmarkInfo, PoolInfo, RunInfo
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.records import Question


def describe(
    systems: Sequence[str],
    questions: Mapping[str, Sequence[Question]],
    pool: Pool,
    bank: QuestionBank,
    prompts: Prompts,
    settings: dict[str, Any],
    *,
    seed: int,
) -> RunInfo:
    """The description; files are named without their folders, which say nothing elsewhere."""
    return RunInfo(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        pool=PoolInfo(Path(pool.source).name, list(pool.llms), list(pool.file.aggregators)),
        bank=_bank(bank),
        settings={name: value for name, value in {**pool.settings, **settings}.items() if name != "seed"},
        prompts={task: prompts.id(task) for task in prompts.tasks},
        benchmarks={name: BenchmarkInfo(find_benchmark(name).title, len(some)) for name, some in questions.items()},
        systems=list(systems),
        smacs=__version__,
    )


def _bank(bank: QuestionBank) -> BankInfo:
    cells = int(np.sum(~np.isnan(bank.correctness(bank.llms))))
    return BankInfo(bank.path.name, bank.manifest.uid, len(bank.questions), bank.llms, cells)
