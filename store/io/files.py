"""Whether a file has changed, and whether it can be written at all, found out before a full disk does harm."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smacs.errors import BankError

Stamp = tuple[int, int]  # modification time in nanoseconds, and size: another one means another content
_ENOUGH = 16 << 20  # bytes: more than Chroma writes at once


def stamp(file: Path) -> Stamp:
    """Time and size of a file; (0, -1) where there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)


@contextmanager
def writing(what: str | Path) -> Iterator[None]:
    """Raise BankError, which says what to do, where `what` cannot be written."""
    try:
        yield
    except OSError as error:
        raise cannot_write(what, error) from error


def cannot_write(what: str | Path, error: OSError) -> BankError:
    """The error for what could not be written."""
    return BankError(
        f"{what} cannot be written to ({error.strerror or error}). What was written before is safe: make room, or copy "
        "the bank to a folder that can be written to, and start again."
    )


def check_room(folder: Path) -> None:
    """Raise OSError where `folder` does not take a file of 16 MiB."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(_ENOUGH))
        file.flush()
        os.fsync(file.fileno())


def reserve(file: Path, size: int) -> None:
    """Allocate `size` bytes for `file`: writing to a hole of a mapped file kills the program when the disk is full.

    Raises OSError.
    """
    with file.open("r+b") as opened:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(opened.fileno(), 0, size)
