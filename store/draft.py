"""Written beside its place and moved there when it is whole: a kill leaves what was there before, or all of it."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO

from smacs.pool.config import EmbedderSpec
from smacs.pool.errors import BankError, BankLockedError
from smacs.store.bank import QuestionBank
from smacs.store.lock import write_lock
from smacs.store.records import Question

_MARK = "draft"


@contextmanager
def draft_bank(folder: Path, embedder: EmbedderSpec, questions: Sequence[Question]) -> Iterator[QuestionBank]:
    """A bank to write to, which becomes `folder` at the end. Raises BankError."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made, _held(Path(made)):
            bank = QuestionBank.create(Path(made) / "bank", embedder, questions)
            yield bank
            bank.path.replace(folder)
    except OSError as error:
        raise BankError(f"{folder} cannot be written: {error.strerror or error}. Nothing was left there.") from error


@contextmanager
def draft_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which becomes `path` at the end. Raises BankError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise BankError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _held(made: Path) -> AbstractContextManager[None]:
    """The mark of a draft that somebody is at work on."""
    return write_lock(made, _MARK)


def _sweep(folder: Path) -> None:
    """Remove what a killed process has left beside the folder."""
    for mark in folder.parent.glob(f".{escape(folder.name)}-*/{_MARK}.lock"):
        with suppress(BankLockedError), _held(mark.parent):
            shutil.rmtree(mark.parent)
