"""Files and folders written beside their place and renamed into it when complete: a kill leaves the old or the new one.

A draft is locked while it is written. The system drops the lock when the writer dies, in whatever container it ran.
So a draft that can be locked is an orphan, and the next writer to the same place removes it. A draft without a lock
file is left alone.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from smacs.errors import BankError

LOCK = "draft.lock"


@contextmanager
def draft_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder `parent`/`prefix`..., removed at the end with what is left in it. Removes those of killed writers first.

    Raises OSError.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{escape(prefix)}*/{LOCK}"):
        _sweep(left.parent, left)
    made, lock = _claimed(parent, prefix)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)  # before the lock is dropped: nobody else sweeps it meanwhile
        lock.release()


@contextmanager
def draft_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which becomes `path` at the end. Raises BankError."""
    try:
        with draft_folder(path.parent, f".{path.name}.part-") as made:
            draft = made / path.name
            with draft.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
    except OSError as error:
        raise BankError(f"{path} cannot be written: {error.strerror or error}.") from error


def _claimed(parent: Path, prefix: str) -> tuple[Path, FileLock]:
    """A new folder, and its lock, held. Another one where a sweep came between the two."""
    while True:
        made = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        lock = FileLock(made / LOCK, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except (Timeout, FileNotFoundError):
            continue
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        if made.is_dir():
            return made, lock
        lock.release()


def _sweep(folder: Path, mark: Path) -> None:
    """Remove a folder whose writer is dead."""
    lock = FileLock(mark, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):  # at work, gone meanwhile, or another user's
        return
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()
