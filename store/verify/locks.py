"""Verify the lock files: what is no lock stops every writer, a note of a dead process misleads."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from smacs.store.verify.problem import Problem


def locks(bank: Path) -> Iterator[Problem]:
    """Locks that are no locks, and notes of processes that are gone."""
    for lock in sorted(bank.glob("*.lock")):
        if not lock.is_file():
            yield Problem(lock.name, "is not a file, so nobody can write", f"Remove it: rm -r {lock}")
    for note in sorted(bank.glob("*.lock.holder")):
        if not note.is_file() or not _alive(note):
            mend = "Nothing to do: the next writer replaces it."
            yield Problem(note.name, "left by a process that is gone, or garbage", mend, harmless=note.is_file())


def _alive(note: Path) -> bool:
    words = note.read_text(errors="replace").split()
    return len(words) > 1 and words[0] == "pid" and words[1].isdigit() and psutil.pid_exists(int(words[1]))
