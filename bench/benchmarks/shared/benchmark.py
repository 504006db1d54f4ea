"""What a benchmark is, and which there are: the files of `smacs.bench.benchmarks`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from smacs.plugins import find, listed
from smacs.store.records import Question
from smacs.store.text import normalised

Read = Callable[[Path | None], list[Question]]  # from a folder with its files, or from the hub


def text_of(question: Question) -> str:
    """The normalised text."""
    return normalised(question.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A benchmark of the paper: `name` is the `dataset` of all its questions, `hub` says where they come from.

    `test` reads the test part, of which the paper has `test_size` questions (None: it does not say). `bank` reads what
    a bank may be made from; the first `bank_size` (None: all) are taken that are not in the test part. Both raise
    InputError. Questions with the same `core` are the same question.
    """

    name: str
    title: str
    test_size: int | None
    hub: tuple[str, ...]
    test: Read
    bank: Read
    bank_size: int | None = None
    core: Callable[[Question], str] = text_of


@cache
def _found() -> dict[str, Benchmark]:
    return listed("smacs.bench.benchmarks", "BENCHMARK")


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by name, in alphabetical order of their files."""
    return dict(_found())


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "benchmark")


def benchmark_names(names: str | None) -> list[str]:
    """The names in a text with commas between them, all benchmarks without one. Raises InputError."""
    if names is None:
        return list(_found())
    return [find_benchmark(name).name for name in dict.fromkeys(map(str.strip, names.split(",")))]
