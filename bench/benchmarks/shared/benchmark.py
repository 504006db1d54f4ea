"""What a benchmark is, which there are (the files of `smacs.bench.benchmarks`), and the questions of its two parts."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from smacs.errors import InputError
from smacs.plugins import find, listed
from smacs.store.identity import normalised
from smacs.store.records import Question

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


def drawn(questions: Iterable[Question], limit: int | None, seed: int) -> list[Question]:
    """At most `limit` questions, in random order: the first of them stand for all. Raises InputError.

    A larger limit has the smaller one at its beginning, and a question that is missing moves no other.
    """
    if limit is not None and limit < 1:
        raise InputError(f"expected a limit of at least 1, got {limit}")
    return sorted(questions, key=lambda question: hashed(f"{seed} {question.id}"))[:limit]


def hashed(text: str) -> bytes:
    """32 bytes that depend on the text alone."""
    return hashlib.sha256(text.encode()).digest()


class BankPart(NamedTuple):
    """The bank part of a benchmark; `copies` were left out: they are test questions, or came before."""

    questions: list[Question]
    copies: int


def test_questions(name: str, data: Path | None = None, *, limit: int | None = None, seed: int = 0) -> list[Question]:
    """The test part of a benchmark, in the order that `drawn` gives. Raises InputError."""
    return drawn(find_benchmark(name).test(data), limit, seed)


def bank_questions(name: str, data: Path | None = None, *, limit: int | None = None, seed: int = 0) -> list[Question]:
    """The bank part of a benchmark, in the order that `drawn` gives. Raises InputError."""
    return drawn(bank_part(name, data).questions, limit, seed)


def bank_part(name: str, data: Path | None = None) -> BankPart:
    """The bank part of a benchmark: no question of its test part, none twice. Raises InputError."""
    benchmark = find_benchmark(name)
    seen = {key for question in benchmark.test(data) for key in (question.id, benchmark.core(question))}
    kept, copies = [], 0
    for question in benchmark.bank(data):
        keys = {question.id, benchmark.core(question)}
        if keys & seen:
            copies += 1
        else:
            seen |= keys
            kept.append(question)
    return BankPart(kept[: benchmark.bank_size], copies)


def named_questions(text: str, data: Path | None, *, limit: int | None, seed: int) -> dict[str, list[Question]]:
    """The test questions of `mbpp,math500:15` by benchmark, at most `limit` of each that has no limit of its own.

    Raises InputError.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError("Expected at least one benchmark, got none; `smacs bench list` shows all.")
    chosen = {}
    for part in parts:
        name, colon, own = part.partition(":")
        chosen[name] = test_questions(name, data, limit=_limit(own, part) if colon else limit, seed=seed)
    return chosen


def _limit(text: str, part: str) -> int:
    if not text.isdecimal():
        raise InputError(f"Benchmark {part!r}: expected a number of questions after the colon, as in mbpp:50.")
    return int(text)
