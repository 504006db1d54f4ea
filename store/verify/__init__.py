"""Verify a bank: every line, count, checksum and dimension; what is broken, and how to mend it. Nothing is changed."""

from collections.abc import Iterator
from pathlib import Path

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.io.draft import LOCK
from smacs.store.io.lock import is_held
from smacs.store.manifest import checked_manifest
from smacs.store.tuned_settings import FILE, checked_tuned_settings
from smacs.store.verify.index import index
from smacs.store.verify.truth import Problem, evaluations, keywords, questions, supplied_vectors

__all__ = ["Problem", "verify"]

_MEND_SETTINGS = "Delete the file, and choose anew: smacs bank choose"


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
    yield from _locks(bank.path)
    yield from (broken := list(_readable(questions(bank, ids))))
    yield from _readable(evaluations(bank, ids))
    yield from _readable(keywords(bank))
    yield from _readable(supplied_vectors(bank))
    yield from verify_settings(bank)
    if all(problem.harmless for problem in broken):  # else the questions cannot be put beside their vectors
        yield from index(bank)


def _readable(problems: Iterator[Problem]) -> Iterator[Problem]:
    """The problems, and what cannot be read at all as one of them."""
    try:
        yield from problems
    except BankError as error:
        yield Problem("truth", str(error), "Restore it from a copy.")


def _locks(bank: Path) -> Iterator[Problem]:
    """Locks that are no locks, notes of processes that are gone, and drafts of versions that did not lock them."""
    for lock in sorted(bank.glob("*.lock")):
        if not lock.is_file():
            yield Problem(lock.name, "is not a file, so nobody can write", f"Remove it: rm -r {lock}")
    for note in sorted(bank.glob("*.lock.holder")):
        if not note.is_file() or not _alive(note):
            mend = "Nothing to do: the next writer replaces it."
            yield Problem(note.name, "left by a process that is gone, or garbage", mend, harmless=note.is_file())

    for draft in sorted(bank.glob("arrays/.new-*")):
        if not (draft / LOCK).exists():
            mend = f"Once no other version of smacs uses the bank: rm -r {draft}"
            yield Problem(f"arrays/{draft.name}", "a draft of an older version, left or at work", mend, harmless=True)


def _alive(note: Path) -> bool:
    """Whether a note says who holds the lock that it belongs to, and somebody does."""
    lock = note.with_name(note.name.removesuffix(".holder"))
    return note.read_text(errors="replace").startswith("pid ") and lock.is_file() and is_held(lock)


def verify_settings(bank: QuestionBank) -> Iterator[Problem]:
    """Settings of selectors that cannot be read, or are for the vectors of another embedder."""
    try:
        found, has_checksum = checked_tuned_settings(bank.path)
    except BankError as error:
        yield Problem(FILE, str(error), _MEND_SETTINGS)
        return
    if not has_checksum:
        yield Problem(FILE, "has no checksum", "Give it one: smacs bank seal", harmless=True)
    for name, entry in found.items():
        if entry.embedder != bank.manifest.embedder.digest:
            what = f"the settings of {name} were chosen for another embedder, and do not count"
            yield Problem(FILE, what, _MEND_SETTINGS, harmless=True)
