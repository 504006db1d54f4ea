"""`smacs models plan`: which LLM goes onto which GPUs, by arithmetic that is shown, and what to run there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from smacs.cli.console import for_tables
from smacs.cli.options import PoolOption
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.pool.plan.form import Form
    from smacs.pool.plan.plan import Plan

_LEAST, _MOST = 0.1, 0.99


def plan(
    gpus: Annotated[str, typer.Option(help="8x80G, or 2x141G,4x24G in one machine, or 3x8x80G: 3 machines of 8.")],
    pool: PoolOption = "paper",
    form: Annotated[str, typer.Option(help="What is printed: commands, compose, kubernetes or slurm.")] = "commands",
    number: Annotated[int, typer.Option("--round", min=1, help="Which round is printed, where not all fit.")] = 1,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens that a call holds in the KV cache, on average.")] = 4096,
    in_flight: Annotated[
        int | None, typer.Option(min=1, help="Calls at once that the KV cache holds. Default: each LLM's own.")
    ] = None,
    utilization: Annotated[float, typer.Option(min=_LEAST, max=_MOST, help="Share of a GPU that may be used.")] = 0.92,
    hosts: Annotated[str, typer.Option(help="Names of the machines for --write-pool, such as gpu1,gpu2.")] = "",
    write_pool: Annotated[
        Path | None, typer.Option(help="Write a copy of the pool file that knows where the servers are.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole plan as JSON.")] = False,
) -> None:
    """Fit the LLMs that vLLM serves onto GPUs; print the commands, a Compose file, Helm values or a Slurm script."""
    from smacs.plugins import find, listed
    from smacs.pool.plan.gpus import parse_gpus
    from smacs.pool.plan.placement import Rules
    from smacs.pool.plan.plan import plan_pool
    from smacs.pool.plan.report import as_json as report_json
    from smacs.pool.pool import Pool

    chosen: Form = find(listed("smacs.pool.plan.forms", "FORM"), form, "form")
    loaded = Pool.load(pool)
    rules = Rules(utilization, chosen.shares)
    made = plan_pool(loaded.file, loaded.source, parse_gpus(gpus), rules=rules, mean=tokens, in_flight=in_flight)
    made = replace(made, hosts=_hosts(hosts, made.machines))
    _tell(made)
    if write_pool:
        _write_pool(Path(loaded.source), write_pool, chosen, made)
    if as_json:
        print(json.dumps(report_json(made), indent=2))
    else:
        print(chosen.write(made, _index(made, number)), end="")


def _index(made: "Plan", number: int) -> int:
    from smacs.pool.plan.report import sentences

    if not made.rounds:
        raise InputError(f"Nothing fits. {' '.join(sentences(made))}")
    if number > len(made.rounds):
        raise InputError(f"--round {number}: expected 1 to {len(made.rounds)}")
    return number - 1


def _hosts(names: str, machines: int) -> list[str]:

    found = [name.strip() for name in names.split(",") if name.strip()]
    if found and len(found) != machines:
        raise InputError(f"--hosts {names}: expected {machines} names, one for each machine of --gpus")
    return found


def _write_pool(source: Path, target: Path, form: "Form", made: "Plan") -> None:
    from smacs.pool.plan.form import endpoints
    from smacs.pool.plan.pool_file import with_endpoints
    from smacs.pool.pool import Pool

    if target.exists() and target.samefile(source):
        raise InputError(f"--write-pool {target}: expected another file than the pool file itself")
    text = with_endpoints(source.read_text("utf-8"), endpoints(form, made))
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"--write-pool {target} cannot be written: {error.strerror}") from error
    Pool.load(target)
    typer.echo(f"wrote {target}", err=True)


def _tell(made: "Plan") -> None:
    """The tables and what does not fit, on stderr: stdout is for what can be run."""

    from smacs.pool.plan.report import ARITHMETIC, COLUMNS, row, sentences

    console = for_tables(stderr=True)
    for index, placements in enumerate(made.rounds, 1):
        first, *others = COLUMNS
        table = Table(title=f"Round {index} of {len(made.rounds)}", title_justify="left")
        table.add_column(first, overflow="fold")
        for column in others:
            table.add_column(column, justify="right")
        for placement in placements:
            table.add_row(*(escape(cell) for cell in row(placement)))
        console.print(table)
    console.print(ARITHMETIC)
    for sentence in sentences(made):
        console.print(escape(sentence))
