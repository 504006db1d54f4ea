"""Memory-mapped copies of what retrieval needs of a bank, so that opening a large one costs next to nothing.

`arrays/<key>/` holds the matrix, where each question's line ends, and the data sets and subjects as numbers; its key
is made of the embedder and of size and time of questions.jsonl, so that another content has another folder. Beside it
one file for each LLM's column of V; adding an LLM adds a file. All of it is derived, written once, never changed.
"""

import asyncio
import hashlib
import shutil
import zlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.pool.errors import BankError
from smacs.store.draft import draft_folder
from smacs.store.files import Stamp
from smacs.store.index.labels import Labels
from smacs.store.index.place import Place
from smacs.store.jsonl import scan_jsonl
from smacs.store.manifest import BankEmbedder
from smacs.store.records import Question
from smacs.store.room import reserve

Fill = Callable[[list[Question], NDArray[np.float32]], Awaitable[None]]
CHECKSUMS = "checksums.json"


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """N questions: `matrix` (N, d) float32, `ends` int64 (N,) the offset at which each line of questions.jsonl ends."""

    folder: Path
    matrix: NDArray[np.float32]
    ends: NDArray[np.int64]
    datasets: Labels
    subjects: Labels


class _Names(msgspec.Struct):
    """names.json: the names behind the numbers."""

    datasets: list[str]
    subjects: list[str]


def arrays_folder(place: Place, embedder: BankEmbedder, questions: Stamp) -> Path:
    """Where the arrays of this content are, whether they are there or not."""
    key = hashlib.sha256(f"{embedder.digest} {questions}".encode()).hexdigest()[:16]
    return place.arrays / key


def open_arrays(folder: Path) -> Arrays | None:
    """The arrays in a folder, read when they are first touched; None where there are none that can be used."""
    try:
        names = msgspec.json.decode((folder / "names.json").read_bytes(), type=_Names)
        matrix, ends, datasets, subjects = (load_array(folder / f"{name}.npy") for name in _FILES)
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    return Arrays(folder, matrix, ends, Labels(datasets, names.datasets), Labels(subjects, names.subjects))


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
    arrays = await asyncio.to_thread(open_arrays, folder)
    if arrays is None:
        raise BankError(f"{folder} cannot be read back. Is the disk broken?")
    return arrays


def damaged(folder: Path) -> list[str]:
    """Names of the files that are not what was written."""
    try:
        expected = msgspec.json.decode((folder / CHECKSUMS).read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return [CHECKSUMS]
    return [name for name, value in expected.items() if _checksum(folder / name) != value]


_DRAFT = ".new-"
_FILES = ("matrix", "ends", "datasets", "subjects")


def load_array(file: Path) -> NDArray[Any]:
    """A .npy file, memory-mapped, as a plain array; what is empty cannot be. Raises OSError, ValueError."""
    try:
        mapped: NDArray[Any] = np.asarray(np.load(file, mmap_mode="r"))
    except ValueError:
        mapped = np.load(file)
    return mapped


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
    datasets, subjects = Labels.of(q.dataset for q in questions), Labels.of(q.subject for q in questions)
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
    sums = {file.name: _checksum(file) for file in sorted(draft.iterdir())}
    (draft / CHECKSUMS).write_bytes(msgspec.json.encode(sums))
    _put(draft, folder)


def _checksum(file: Path) -> int:
    """CRC-32 of a file; -1 where it cannot be read."""
    value = 0
    try:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                value = zlib.crc32(block, value)
    except OSError:
        return -1
    return value


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
