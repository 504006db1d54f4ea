"""A bank from the bank parts of benchmarks: without any question of their test parts."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from smacs.bench.benchmarks.choose import bank_part
from smacs.bench.benchmarks.leaks import refuse_leaks
from smacs.bench.benchmarks.order import drawn
from smacs.bench.benchmarks.registry import find_benchmark
from smacs.errors import BankError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.export import part_of, write_folder
from smacs.store.merge import Found, merge
from smacs.store.records import Question
from smacs.store.text import normalised


class Filled(msgspec.Struct, frozen=True):
    """What came of one benchmark: questions written, there before, and copies of test or bank questions left out."""

    benchmark: str
    new: int
    known: int
    copies: int


def fill_bank(
    folder: str | Path,
    names: Sequence[str],
    data: Path | None,
    *,
    embedder: EmbedderSpec,
    limit: int | None = None,
    seed: int = 0,
    start: QuestionBank | None = None,
) -> list[Filled]:
    """Add the bank parts of benchmarks to the bank in `folder`, at most `limit` questions of each; twice adds none.

    A bank that is not there yet is made for `embedder`, or as a copy of `start`. Nothing is written where a benchmark
    cannot be read, or the bank holds test questions. Raises InputError, BankError.
    """
    path = Path(folder).expanduser().absolute()
    asked = [question for name in names for question in find_benchmark(name).test(data)]
    parts = {name: _part(name, data, asked, limit, seed) for name in names}
    bank = _opened(path, embedder, start, asked)
    return [_added(bank, name, *part) for name, part in parts.items()]


def _part(
    name: str, data: Path | None, asked: Sequence[Question], limit: int | None, seed: int
) -> tuple[list[Question], int]:
    """The questions of a benchmark and how many were left out, also as test questions of the other benchmarks."""
    part = bank_part(name, data)
    texts = {normalised(question.text) for question in asked}
    kept = [question for question in part.questions if normalised(question.text) not in texts]
    return drawn(kept, limit, seed), part.copies + len(part.questions) - len(kept)


def _opened(path: Path, embedder: EmbedderSpec, start: QuestionBank | None, asked: Sequence[Question]) -> QuestionBank:
    """The bank to add to. Raises BankError for one that has test questions."""
    there = path.is_dir() and any(path.iterdir())
    if there and start is not None:
        raise BankError(f"{path} is there already: leave out --start to add to it, or choose another folder.")
    begin = QuestionBank.open(path) if there else start
    if begin is not None:
        refuse_leaks(begin, asked)
    if start is not None:
        write_folder(part_of(start, None, None), path)
        return QuestionBank.open(path)
    return begin or QuestionBank.create(path, embedder, [])


def _added(bank: QuestionBank, name: str, questions: Sequence[Question], copies: int) -> Filled:
    report = merge(bank, (Found(question) for question in questions))
    return Filled(name, report.questions_new, report.questions_known, copies)
