"""The benchmarks that exist: the files of this package."""

from functools import cache

from smacs.bench.benchmarks.benchmark import Benchmark
from smacs.plugins import find, listed


@cache
def _found() -> dict[str, Benchmark]:
    return listed(__name__.rpartition(".")[0], "BENCHMARK")


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by name, in alphabetical order of their files."""
    return dict(_found())


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "benchmark")


def chosen(names: str | None) -> list[str]:
    """The names in a text with commas between them, all benchmarks without one. Raises InputError."""
    if names is None:
        return list(_found())
    return [find_benchmark(name).name for name in dict.fromkeys(map(str.strip, names.split(",")))]
