"""The test questions that a run asks: `mbpp,math500:15` names benchmarks, some with a limit of their own."""

from pathlib import Path

from smacs.bench.benchmarks import test_questions
from smacs.errors import InputError
from smacs.store.records import Question


def chosen_questions(text: str, data: Path | None, *, limit: int | None, seed: int) -> dict[str, list[Question]]:
    """By benchmark, at most `limit` of each unless it has its own. Raises InputError."""
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
