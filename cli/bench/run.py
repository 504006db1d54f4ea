"""`smacs bench run`: systems answer the questions of benchmarks, side by side."""

from pathlib import Path
from typing import Annotated, Any

import typer

from smacs.cli.bank.common import open_bank
from smacs.cli.options import BankOption, PoolOption, with_settings

SystemsOption = Annotated[
    str,
    typer.Option(
        help="Systems, separated by commas: smacs, moa, llm:NAME, smacs[k=3,lam=0], smacs[pool=a+b]; or groups: "
        "paper, llms, ablation, pools, drops, aggregators."
    ),
]
BenchmarksOption = Annotated[
    str, typer.Option(help="Benchmarks, separated by commas; mbpp:50 has a limit of its own. `smacs bench list`: all.")
]
DataOption = Annotated[
    Path | None, typer.Option(help="Folder with the benchmarks' files. Default: the hub.", show_default=False)
]
LimitOption = Annotated[
    int | None, typer.Option(min=1, help="At most this many questions of each benchmark.", show_default=False)
]
ConcurrencyOption = Annotated[
    int | None, typer.Option(min=1, help="Questions at once. Default: the pool's slots, 512 at most.")
]


@with_settings
def run(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; continues one that is there.")] = Path(
        "bench-run"
    ),
    systems: SystemsOption = "paper,llms",
    benchmarks: BenchmarksOption = "math500,mbpp,ifeval,medmcqa",
    pool: PoolOption = "local",
    bank: BankOption = None,
    data: DataOption = None,
    limit: LimitOption = None,
    concurrency: ConcurrencyOption = None,
    *,
    settings: dict[str, Any],
) -> None:
    """Run systems over benchmarks. May be stopped at any time and started again: nothing is asked twice.

    Replies are kept, and shared between systems that ask the same. `--seed` chooses the questions too. Exit code 1: an
    endpoint failed, and questions are left.
    """
    from smacs.bench.run.groups import expand
    from smacs.bench.run.questions import chosen_questions
    from smacs.cli.bench.session import Session
    from smacs.pool.pool import Pool

    loaded = Pool.load(pool)
    seed = settings.get("seed", 0)
    questions = chosen_questions(benchmarks, data, limit=limit, seed=seed)
    session = Session(out, expand(systems, loaded), questions, loaded, open_bank(bank), settings, seed)
    if not session.run(concurrency):
        raise typer.Exit(1)
