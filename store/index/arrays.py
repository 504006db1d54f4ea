"""Memory-mapped copies of what retrieval needs of a bank, so that opening a large one costs next to nothing.

`arrays/<key>/` holds the matrix, where each question's line ends, and the data sets and subjects as numbers; its key
is made of the embedder and of size and time of questions.jsonl, so that another content has another folder. Beside it
one file for each LLM's column of V; adding an LLM adds a file. All of it is derived, written once, never changed, and
checked against its checksums by every process that opens it.
"""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.store.index.place import Place
from smacs.store.index.questions import Categories
from smacs.store.io.checksums import WrongChecksumError, file_checksum, file_crc32, read_document, sealed_document
from smacs.store.io.draft import draft_folder
from smacs.store.io.files import Stamp, reserve
from smacs.store.io.jsonl import scan_jsonl
from smacs.store.manifest import BankEmbedder
from smacs.store.records import Question

log = logging.getLogger(__name__)

Fill = Callable[[list[Question], NDArray[np.float32]], Awaitable[None]]
CHECKSUMS = "checksums.json"


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """N questions: `matrix` (N, d) float32, `ends` int64 (N,) the offset at which each line of questions.jsonl ends."""

    folder: Path
    matrix: NDArray[np.float32]
    ends: NDArray[np.int64]
    datasets: Categories
    subjects: Categories


class _Names(msgspec.Struct):
    """names.json: the names behind the numbers."""

    datasets: list[str]
    subjects: list[str]


def arrays_folder(place: Place, embedder: BankEmbedder, questions: Stamp) -> Path:
    """Where the arrays of this content are, whether they are there or not."""
    key = hashlib.sha256(f"{embedder.digest} {questions}".encode()).hexdigest()[:16]
    return place.arrays / key


def open_arrays(folder: Path, dimension: int) -> Arrays | None:
    """The arrays in a folder, all of them as they were written; None where there are none that can be used."""
    if not folder.exists():
        return None
    wrong = damaged(folder)
    try:
        if not wrong:
            return _opened(folder, dimension)
    except (OSError, ValueError, msgspec.DecodeError) as error:
        wrong = [str(error)]
    log.warning("%s is damaged (%s): it is made anew from the index.", folder, ", ".join(wrong))
    return None


async def build_arrays(folder: Path, questions_file: Path, dimension: int, fill: Fill) -> Arrays:
    """Make the arrays anew: `fill` writes the vectors of the questions into a matrix (N, d). Raises BankError."""
    try:
        made, held = await asyncio.to_thread(_new_draft, folder.parent)
        try:
            draft = made / "arrays"
            questions, matrix = await asyncio.to_thread(_write_questions, draft, questions_file, dimension)
            await fill(questions, matrix)
            await asyncio.to_thread(_finish, draft, matrix, folder)
        finally:
            await asyncio.to_thread(held.close)
    except OSError as error:
        reason = error.strerror or error
        raise BankError(f"{folder.parent} cannot be written to ({reason}). Make room, or copy the bank.") from error
    arrays = await asyncio.to_thread(open_arrays, folder, dimension)
    if arrays is None:
        raise BankError(f"{folder} cannot be read back. Is the disk broken?")
    return arrays


def damaged(folder: Path) -> list[str]:
    """Names of the files that are not what was written."""
    try:
        expected, _ = read_document((folder / CHECKSUMS).read_bytes(), dict[str, int | str])
    except (OSError, WrongChecksumError, msgspec.DecodeError, UnicodeDecodeError):
        return [CHECKSUMS]
    if expected.keys() != {"names.json", *(f"{name}.npy" for name in _FILES)}:
        return [CHECKSUMS]
    return [name for name, value in expected.items() if not _is_as_written(folder / name, value)]


_DRAFT = ".new-"
_FILES = ("matrix", "ends", "datasets", "subjects")
_HEADER = 128  # bytes that numpy writes before the data


def _opened(folder: Path, dimension: int) -> Arrays:
    """Raises OSError, ValueError or msgspec.DecodeError for what does not fit together."""
    names = msgspec.json.decode((folder / "names.json").read_bytes(), type=_Names)
    ends = load_array(folder / "ends.npy", np.int64, (-1,))
    if len(ends) and not (ends[0] > 0 and (np.diff(ends) > 0).all()):
        raise ValueError("ends.npy does not ascend")
    matrix = load_array(folder / "matrix.npy", np.float32, (len(ends), dimension))
    datasets, subjects = (
        Categories(load_array(folder / f"{name}.npy", np.int32, (len(ends),)), getattr(names, name))
        for name in ("datasets", "subjects")
    )
    for either in (datasets, subjects):
        if len(ends) and not 0 <= either.codes.min() <= either.codes.max() < len(either.names):
            raise ValueError("names.json has too few names")
    return Arrays(folder, matrix, ends, datasets, subjects)


def _is_as_written(file: Path, checksum: int | str) -> bool:
    """Older versions wrote down a number, the CRC-32."""
    return bool(checksum) and checksum == (file_crc32(file) if isinstance(checksum, int) else file_checksum(file))


def load_array(file: Path, kind: type[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
    """A .npy file of that type and shape (-1: any length), memory-mapped, as a plain array.

    Raises OSError, and ValueError for any other file.
    """
    empty = file.stat().st_size <= _HEADER  # what is empty cannot be mapped
    try:
        found: NDArray[Any] = np.asarray(np.load(file, mmap_mode=None if empty else "r"))
    except OSError:
        raise
    except Exception as error:  # numpy evaluates the header: a damaged one can raise anything
        raise ValueError(f"{file.name} is no array: {type(error).__name__}: {error}") from error
    fits = len(found.shape) == len(shape) and all(
        want in (-1, came) for want, came in zip(shape, found.shape, strict=True)
    )
    if found.dtype != np.dtype(kind) or not fits or not found.flags.c_contiguous:
        raise ValueError(f"{file.name}: expected {np.dtype(kind)} {shape}, got {found.dtype} {found.shape}")
    return found


def new_matrix(file: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A float32 matrix of zeros in a new .npy file, memory-mapped. Raises OSError where the disk is full."""
    matrix: NDArray[np.float32] = np.lib.format.open_memmap(file, "w+", np.float32, shape)
    reserve(file, file.stat().st_size)
    return matrix


def _new_draft(folder: Path) -> tuple[Path, ExitStack]:
    """A place for the arrays in the making, and what holds it. What killed builders left behind goes."""
    held = ExitStack()
    return held.enter_context(draft_folder(folder, _DRAFT)), held


def _write_questions(draft: Path, questions_file: Path, dimension: int) -> tuple[list[Question], NDArray[np.float32]]:
    """Everything but the vectors; the questions, and the matrix to be filled."""
    draft.mkdir()
    scanned = list(scan_jsonl(questions_file, Question))
    questions = [question for question, _ in scanned]
    datasets, subjects = Categories.of(q.dataset for q in questions), Categories.of(q.subject for q in questions)
    np.save(draft / "ends.npy", np.array([end for _, end in scanned], np.int64))
    np.save(draft / "datasets.npy", datasets.codes)
    np.save(draft / "subjects.npy", subjects.codes)
    (draft / "names.json").write_bytes(msgspec.json.encode(_Names(datasets.names, subjects.names)))
    shape = (len(questions), dimension)
    if not questions:
        np.save(draft / "matrix.npy", np.empty(shape, np.float32))
        return questions, np.empty(shape, np.float32)
    return questions, new_matrix(draft / "matrix.npy", shape)


def _finish(draft: Path, matrix: NDArray[np.float32], folder: Path) -> None:
    """Everything to the disk, with checksums, and into place."""
    if isinstance(matrix, np.memmap):
        matrix.flush()
    sums = {file.name: file_checksum(file) for file in sorted(draft.iterdir())}
    (draft / CHECKSUMS).write_bytes(sealed_document(sums))
    _put(draft, folder)


def _put(draft: Path, folder: Path) -> None:
    """Rename into place; what was made of an older content goes. Who has it mapped keeps it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        draft.rename(folder)
    except OSError:
        if not folder.exists():  # else another process was faster, with the same content
            raise
    for old in folder.parent.iterdir():
        if old != folder and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)
