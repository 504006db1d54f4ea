"""Another embedder for a bank, or another place for its index. The bank keeps working until the last step is done.

The new vectors go into collections of their own, so that a run that was killed goes on where it was. When all are
there the manifest changes, in one step; then the old ones are deleted.
"""

import asyncio
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError, ChromaServerError, InputError
from smacs.pool.calls.urls import shown
from smacs.store.bank import QuestionBank
from smacs.store.index.access import access
from smacs.store.index.arrays import arrays_folder, build_arrays, new_matrix
from smacs.store.index.matrix import MatrixWork, OnProgress, fill_matrix
from smacs.store.index.place import Place, place_of
from smacs.store.index.vector_file import VectorFile
from smacs.store.io.draft import draft_folder
from smacs.store.io.files import stamp, writing
from smacs.store.io.lock import write_lock
from smacs.store.manifest import BankEmbedder, Manifest, write_manifest
from smacs.store.records import Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

_WAIT = 60.0  # seconds for another process that uses the index
_LOCK = "move"


async def new_embedder(bank: QuestionBank, embedder: "Embedder", on_progress: OnProgress) -> None:
    """Embed every question with `embedder`, whose spec names its dimension, then make it the bank's.

    Vectors that came with the questions are kept. Raises BankError, BankLockedError, EmbeddingError.
    """
    with write_lock(bank.path, _LOCK):
        bank.refresh()
        made_for = BankEmbedder.of(embedder.spec)
        target = msgspec.structs.replace(bank.manifest, embedder=made_for)
        place = place_of(bank.path, target)

        async def fill(items: list[Question], matrix: NDArray[np.float32]) -> None:
            work = MatrixWork(place, items, made_for, VectorFile(bank.path, made_for), embedder, on_progress)
            await fill_matrix(work, matrix)

        folder = arrays_folder(place, made_for, stamp(bank.questions_file))
        await build_arrays(folder, bank.questions_file, made_for.dimension, fill)
        await asyncio.to_thread(_switch, bank, target)
        await asyncio.to_thread(_call, place, "keep_only_this")


async def move_index(bank: QuestionBank, server: str, on_progress: OnProgress) -> bool:
    """Move the vectors to the Chroma server at the URL `server`, or with "" back into the bank's folder.

    False: the old server does not answer and keeps its copy; what nobody else has is embedded again at the next use.
    Raises InputError, ChromaServerError, BankError, BankLockedError.
    """
    check_url(server)
    with write_lock(bank.path, _LOCK):
        bank.refresh()
        old = bank.manifest
        if old.chroma == server:
            raise InputError(
                f"The index of {bank.path} is already {f'at {shown(server)}' if server else 'in its folder'}."
            )
        target = msgspec.structs.replace(old, chroma=server, uid=old.uid or uuid.uuid4().hex[:12])
        try:
            await _copy(bank, place_of(bank.path, target), on_progress)
        except ChromaServerError:
            if server:
                raise
        await asyncio.to_thread(_switch, bank, target)
        return await asyncio.to_thread(_forget, place_of(bank.path, old))


def check_url(server: str) -> None:
    """Raise InputError for what is no URL of a Chroma server; "" is the bank's own folder."""
    parts = urlsplit(server)
    if server and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise InputError(f"Expected the URL of a Chroma server, such as http://localhost:8000, got {shown(server)!r}.")


class _BankVectors:
    """An embedder that only looks up the vectors of the bank."""

    def __init__(self, bank: QuestionBank, matrix: NDArray[np.float32]) -> None:
        self.spec = bank.embedder
        self._matrix = matrix
        self._rows = {question.text: i for i, question in enumerate(bank.questions)}

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:  # noqa: ARG002
        return self._matrix[[self._rows[text] for text in texts]]

    async def aclose(self) -> None: ...


async def _copy(bank: QuestionBank, place: Place, on_progress: OnProgress) -> None:
    """Write every vector to `place`, read it back from there, compare."""
    matrix = (await bank.load(None)).matrix
    made_for = bank.manifest.embedder
    supplied = VectorFile(bank.path, made_for)
    work = MatrixWork(place, bank.questions, made_for, supplied, _BankVectors(bank, matrix), on_progress)
    with writing(place.folder), draft_folder(place.folder, ".move-") as folder:
        back = new_matrix(folder / "back.npy", matrix.shape)
        await fill_matrix(work, back)
        if not np.allclose(back, matrix, atol=1e-6):
            raise BankError(f"{place} returns other vectors than were written to it; the index stays where it was.")


def _switch(bank: QuestionBank, target: Manifest) -> None:
    with write_lock(bank.path), writing(bank.path):  # nobody merges vectors for the old embedder meanwhile
        write_manifest(bank.path, target)
    bank.refresh()


def _forget(place: Place) -> bool:
    """Delete the vectors at a place; False where its server does not answer."""
    try:
        _call(place, "reset")
    except ChromaServerError:
        return False
    return True


def _call(place: Place, method: str) -> None:
    index = access(place, wait=_WAIT)
    try:
        index.call(method)
    finally:
        index.close()
