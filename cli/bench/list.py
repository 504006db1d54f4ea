"""`smacs bench list`: the benchmarks, and how many questions of each are at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from smacs.cli.console import Console
from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.bench.benchmarks import Benchmark
    from smacs.store.records import Question


def list_(
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Count the questions in the files of this folder.", show_default=False),
    ] = None,
) -> None:
    """The eight benchmarks; with a folder, how many questions of the test part and of the bank part are in it."""

    from smacs.bench.benchmarks import benchmarks

    here = ("hub",) if data is None else ("test here", "bank here")
    table = Table("name", "benchmark", "paper's test", *here, box=None, pad_edge=False)
    for benchmark in benchmarks().values():
        size = "" if benchmark.test_size is None else f"{benchmark.test_size:,}"
        table.add_row(benchmark.name, benchmark.title, size, *_here(benchmark, data))
    Console(highlight=False).print(table)


def _here(benchmark: "Benchmark", data: Path | None) -> list[str]:
    """The hub's data sets, or the sizes of the test part and the bank part in a folder."""
    from smacs.bench.benchmarks import bank_part

    if data is None:
        return ["\n".join(benchmark.hub)]
    return [_size(lambda: benchmark.test(data)), _size(lambda: bank_part(benchmark.name, data).questions)]


def _size(read: "Callable[[], list[Question]]") -> str:
    """How many there are; "-" where the folder lacks a file."""

    try:
        return f"{len(read()):,}"
    except InputError:
        return "-"
