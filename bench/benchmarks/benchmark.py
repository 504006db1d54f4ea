"""What a benchmark is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
