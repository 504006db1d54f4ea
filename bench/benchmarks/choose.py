"""The questions of a benchmark's two parts, which share none."""

from pathlib import Path
from typing import NamedTuple

from smacs.bench.benchmarks.order import drawn
from smacs.bench.benchmarks.registry import find_benchmark
from smacs.store.records import Question


class Part(NamedTuple):
    """The bank part of a benchmark; `copies` were left out: they are test questions, or came before."""

    questions: list[Question]
    copies: int


def test_questions(name: str, data: Path | None = None, *, limit: int | None = None, seed: int = 0) -> list[Question]:
    """The test part of a benchmark, in the order that `drawn` gives. Raises InputError."""
    return drawn(find_benchmark(name).test(data), limit, seed)


def bank_questions(name: str, data: Path | None = None, *, limit: int | None = None, seed: int = 0) -> list[Question]:
    """The bank part of a benchmark, in the order that `drawn` gives. Raises InputError."""
    return drawn(bank_part(name, data).questions, limit, seed)


def bank_part(name: str, data: Path | None = None) -> Part:
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
    return Part(kept[: benchmark.bank_size], copies)
