"""The bank's matrix E (N, d): vectors from Chroma, and those that are missing from the embedder.

A question is embedded again when its text or its embedder is another one than Chroma's hash says. Every vector is in
Chroma before the next questions are embedded: a kill loses one group of them.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.pool.errors import BankError, EmbedderMismatchError, EmbeddingError
from smacs.store.chroma import BrokenIndexError, batch_rows, shard_rows
from smacs.store.chroma_process import ChromaProcess
from smacs.store.manifest import BankEmbedder
from smacs.store.records import Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

OnProgress = Callable[[int, int], None]  # questions embedded, questions in all
_GROUP = 256  # questions embedded at once
_WAIT = 60.0  # seconds for another process that loads or builds the same index


async def load_matrix(
    folder: Path,
    questions: Sequence[Question],
    made_for: BankEmbedder,
    embedder: "Embedder",
    *,
    on_progress: OnProgress,
    rebuild: bool = False,
) -> NDArray[np.float32]:
    """E, C-contiguous, rows of length 1 in the order of `questions`; a damaged index is built anew.

    Raises BankLockedError, EmbedderMismatchError, BankError, and what the embedder raises.
    """
    work = await asyncio.to_thread(_Loading, folder, questions, made_for, embedder, on_progress)
    try:
        return await work.run(anew=rebuild)
    except BrokenIndexError:
        return await work.again()


@dataclass
class _Loading:
    """One pass over the bank: read what Chroma has, embed and write what it lacks."""

    folder: Path
    questions: Sequence[Question]
    made_for: BankEmbedder
    embedder: "Embedder"
    on_progress: OnProgress

    def __post_init__(self) -> None:
        self.shard = shard_rows(self.made_for.dimension)
        self.hashes = [content_hash(self.made_for, question.text) for question in self.questions]

    async def run(self, *, anew: bool) -> NDArray[np.float32]:
        """The matrix; `anew` forgets what Chroma has."""
        matrix = np.empty((len(self.questions), self.made_for.dimension), np.float32)
        process = await asyncio.to_thread(ChromaProcess, self.folder, self.made_for.dimension, wait=_WAIT)
        try:
            if anew:
                await asyncio.to_thread(process.call, "reset")
            missing = await asyncio.to_thread(self._read, process, matrix)
            if missing:
                await self._embed(process, missing)
                missing = await asyncio.to_thread(self._read, process, matrix)
        finally:
            await asyncio.to_thread(process.close)
        if missing:
            raise BrokenIndexError(f"{self.folder} does not keep what is written to it.")
        matrix.setflags(write=False)  # many questions share it
        return matrix

    async def again(self) -> NDArray[np.float32]:
        """A new index in place of a broken one."""
        try:
            return await self.run(anew=True)
        except BrokenIndexError as error:
            raise BankError(
                f"The index cannot be built: {error} Is the disk full, or {self.folder} not writable?"
            ) from error

    def _read(self, process: ChromaProcess, matrix: NDArray[np.float32]) -> list[int]:
        """Fill the rows that Chroma has; the positions of the others."""
        missing = []
        for group in self._groups(range(len(matrix)), batch_rows(self.made_for.dimension)):
            found, rows = process.call("read", group[0] // self.shard, self._ids(group))
            known = np.array([value == self.hashes[i] for i, value in zip(group, found, strict=True)])
            if not are_unit(rows[known]).all():  # Chroma does not notice when the file of their lengths is damaged
                raise BrokenIndexError(f"{self.folder} holds vectors that are not of length 1.")
            matrix[group[0] : group[-1] + 1] = rows
            missing += np.asarray(group)[~known].tolist()
        return missing

    async def _embed(self, process: ChromaProcess, missing: list[int]) -> None:
        total = len(self.questions)
        done = total - len(missing)
        self.on_progress(done, total)
        for group in self._groups(missing, min(_GROUP, batch_rows(self.made_for.dimension))):
            rows = await self.embedder.embed([self.questions[i].text for i in group])
            self._check(rows, group)
            hashes = [self.hashes[i] for i in group]
            await asyncio.to_thread(process.call, "write", group[0] // self.shard, self._ids(group), hashes, rows)
            done += len(group)
            self.on_progress(done, total)

    def _check(self, rows: NDArray[np.float32], group: Sequence[int]) -> None:
        model = self.embedder.spec.model
        if rows.shape != (len(group), self.made_for.dimension):
            raise EmbedderMismatchError(
                f"The bank is made for {self.made_for}; {model!r} gave vectors of dimension {rows.shape[-1]}. Use the "
                "bank's embedder."
            )
        bad = np.flatnonzero(~are_unit(rows))
        if len(bad):
            name = self.questions[group[bad[0]]].id
            raise EmbeddingError(
                f"{model!r} gave question {name!r} a vector that is not of length 1. Is its text empty?"
            )

    def _ids(self, group: Sequence[int]) -> list[str]:
        return [self.questions[i].id for i in group]

    def _groups(self, positions: Sequence[int], size: int) -> Iterator[list[int]]:
        """Cut ascending positions into groups of at most `size` that do not cross a shard."""
        group: list[int] = []
        for i in positions:
            if group and (len(group) == size or i // self.shard != group[0] // self.shard):
                yield group
                group = []
            group.append(i)
        if group:
            yield group


def are_unit(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows have length 1; NaN has not."""
    near: NDArray[np.bool_] = np.abs(np.linalg.norm(rows, axis=1) - 1) < 1e-3
    return near


def content_hash(made_for: BankEmbedder, text: str) -> str:
    """Says what was embedded, and with what."""
    parts = (made_for.model, made_for.document_template, str(made_for.dimension), text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
