"""One writer at a time: a lock that the system drops when its holder dies, and a note that says who holds it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from smacs.errors import BankLockedError
from smacs.store.io.files import cannot_write, writing

_GLANCE = 0.1  # seconds: `is_held` has a lock for an instant, which no writer should take for another writer


@contextmanager
def write_lock(folder: Path, name: str = "write", *, wait: float = 0.0, pid: int | None = None) -> Iterator[None]:
    """Hold `folder`'s lock called `name`, waiting for it at most `wait` seconds.

    `pid` is the process that others are told about; default: this one. Raises BankLockedError naming the holder's pid,
    host and since when, and BankError where nothing can be written.
    """
    note = folder / f"{name}.lock.holder"
    lock = FileLock(folder / f"{name}.lock", thread_local=False)
    try:
        lock.acquire(timeout=max(wait, _GLANCE))
    except Timeout:
        holder = _read(note) or "another process"
        raise BankLockedError(f"{folder} is being written by {holder}. Wait for it to finish, or end it.") from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        since = datetime.now(UTC).isoformat(" ", timespec="seconds")
        with writing(note):
            note.write_text(f"pid {pid or os.getpid()} on {socket.gethostname()} since {since}\n")
        yield
    finally:
        with suppress(OSError):  # a note that is none: `verify` names it
            note.unlink(missing_ok=True)
        lock.release()


def is_held(lock: Path) -> bool:
    """Whether somebody holds a lock file, wherever that process runs; its pid says nothing in another container."""
    try:
        with FileLock(lock, thread_local=False, timeout=0):
            return False
    except (Timeout, OSError):  # or it is not ours to look at
        return True


def _read(note: Path) -> str:
    try:
        return note.read_text(errors="replace").strip()
    except OSError:
        return ""
