"""Verify a bank: every line, count, checksum and dimension; what is broken, and how to mend it. Nothing is changed."""

from collections.abc import Iterator
from pathlib import Path

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.manifest import checked_manifest
from smacs.store.verify.chosen import chosen
from smacs.store.verify.index import index
from smacs.store.verify.locks import locks
from smacs.store.verify.problem import Problem
from smacs.store.verify.truth import evaluations, given_vectors, keywords, questions

__all__ = ["Problem", "verify"]


def verify(path: str | Path) -> Iterator[Problem]:
    """The problems of the bank in folder `path`, as they are found. It blocks, and reads every file of the bank."""
    try:
        bank = QuestionBank.open(path)
    except BankError as error:
        yield Problem("manifest.json", str(error), "Restore manifest.json from a copy.")
        return
    if not checked_manifest(bank.path)[1]:
        yield Problem("manifest.json", "has no checksum", "Give it one: smacs bank seal", harmless=True)
    ids = set[str]()
    yield from locks(bank.path)
    yield from (broken := list(_readable(questions(bank, ids))))
    yield from _readable(evaluations(bank, ids))
    yield from _readable(keywords(bank))
    yield from _readable(given_vectors(bank))
    yield from chosen(bank)
    if all(problem.harmless for problem in broken):  # else the questions cannot be put beside their vectors
        yield from index(bank)


def _readable(problems: Iterator[Problem]) -> Iterator[Problem]:
    """The problems, and what cannot be read at all as one of them."""
    try:
        yield from problems
    except BankError as error:
        yield Problem("truth", str(error), "Restore it from a copy.")
