"""Verify the lock files: what is no lock stops every writer, a note of a dead process misleads, drafts take room."""

from collections.abc import Iterator
from pathlib import Path

from smacs.store.io.draft import LOCK
from smacs.store.io.lock import is_held
from smacs.store.verify.problem import Problem


def locks(bank: Path) -> Iterator[Problem]:
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
