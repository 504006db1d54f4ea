"""The benchmarks that exist, found by listing this package: a new one is a new file and no other edit."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from smacs.bench.benchmarks.benchmark import Benchmark
from smacs.pool.errors import InputError


@cache
def _found() -> dict[str, Benchmark]:
    package = __name__.rpartition(".")[0]
    names = sorted(module.name for module in iter_modules(import_module(package).__path__, package + "."))
    modules = (import_module(name) for name in names)
    found = (module.BENCHMARK for module in modules if hasattr(module, "BENCHMARK"))
    return {benchmark.name: benchmark for benchmark in found}


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by name, in alphabetical order of their files."""
    return dict(_found())


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of that name. Raises InputError that lists what exists."""
    found = _found()
    if name not in found:
        raise InputError(f"there is no benchmark {name!r}; there are {', '.join(found)}")
    return found[name]


def chosen(names: str | None) -> list[str]:
    """The names in a text with commas between them, all benchmarks without one. Raises InputError."""
    if names is None:
        return list(_found())
    return [find_benchmark(name).name for name in dict.fromkeys(map(str.strip, names.split(",")))]
