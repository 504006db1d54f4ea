"""The bank's matrix E (N, d): vectors from Chroma, else those that came with the questions, else the embedder's.

A question is embedded again when its text or its embedder is another one than Chroma's hash says. Every vector is on
the disk before the next questions are embedded: a kill loses one group of them. Until all are there they are kept in a
file beside Chroma too, whose own files break when it is killed while it writes them.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError, EmbedderMismatchError, EmbeddingError
from smacs.store.index.access import Access, access, check_damaged
from smacs.store.index.chroma import DAMAGED, REPLACED, BrokenIndexError, are_unit, batch_rows, shard_rows
from smacs.store.index.place import Place
from smacs.store.index.vector_file import VectorFile, content_hash
from smacs.store.manifest import BankEmbedder
from smacs.store.records import Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]  # questions with a vector, questions in all
Matrix = NDArray[np.float32]
_GROUP = 256  # questions embedded at once
_WAIT = 60.0  # seconds for another process that loads or builds the same index


@dataclass(frozen=True)
class MatrixWork:
    """What the matrix is made of: the questions, what they are embedded with, and the vectors that are there already.

    Without an `embedder` every question must have its vector.
    """

    place: Place
    questions: Sequence[Question]
    made_for: BankEmbedder
    supplied: VectorFile
    embedder: "Embedder | None"
    on_progress: OnProgress


async def fill_matrix(work: MatrixWork, matrix: Matrix, *, rebuild: bool = False) -> None:
    """Write E, rows of length 1 in the order of the questions, into `matrix` (N, d).

    An index that is shown to be damaged is set aside and built anew. Raises BankLockedError, EmbedderMismatchError,
    BankError, and what the embedder raises.
    """
    filling = await asyncio.to_thread(_Filling, work, matrix)
    if rebuild:
        await asyncio.to_thread(filling.kept.forget)
    try:
        await filling.run(REPLACED if rebuild else "")
    except BrokenIndexError:
        await filling.again()


def kept_vectors(place: Place, made_for: BankEmbedder) -> VectorFile:
    """The vectors that were embedded for an index that is not complete yet."""
    return VectorFile(place.arrays / ".embedded", made_for)


class _Filling:
    """One pass over the bank: read what Chroma has, then find or embed, and write, what it lacks."""

    def __init__(self, work: MatrixWork, matrix: Matrix) -> None:
        self.work = work
        self.matrix = matrix
        self.questions = work.questions
        self.made_for = work.made_for
        self.kept = kept_vectors(work.place, work.made_for)
        self.shard = shard_rows(self.made_for.dimension)
        self.batch = batch_rows(self.made_for.dimension)
        self.hashes = [content_hash(self.made_for, question.text) for question in self.questions]

    async def run(self, set_aside: str = "") -> None:
        """Fill the matrix; `set_aside` says why what Chroma has is put aside before. Raises BrokenIndexError."""
        index = await asyncio.to_thread(access, self.work.place, wait=_WAIT)
        try:
            if set_aside:
                await asyncio.to_thread(self._set_aside, index, set_aside)
            missing = await asyncio.to_thread(self._read, index, range(len(self.questions)))
            if missing:
                rest = await asyncio.to_thread(self._take_supplied, index, missing)
                rest = await asyncio.to_thread(self._take, self.kept, index, rest)
                await self._embed(index, rest)
                missing = await asyncio.to_thread(self._read, index, missing)
            if not missing:
                await asyncio.to_thread(self.kept.forget)
                await asyncio.to_thread(index.call, "drop_replaced")
        finally:
            await asyncio.to_thread(index.close)
        if missing:
            raise BrokenIndexError(f"{self.work.place} does not keep what is written to it.")

    async def again(self) -> None:
        """Once more; where it fails again, and is shown to be damaged, a new index in its place. Raises BankError."""
        try:
            return await self.run()
        except BrokenIndexError as error:
            await asyncio.to_thread(check_damaged, self.work.place, error)
            await asyncio.to_thread(self._check_remakeable, error)
        try:
            await self.run(DAMAGED)
        except BrokenIndexError as error:
            raise BankError(
                f"The index cannot be built: {error} Is the disk full, or {self.work.place} not writable?"
            ) from error

    def _set_aside(self, index: Access, why: str) -> None:
        moved = index.call("set_aside", why)
        if moved and why == DAMAGED:
            log.warning("%s is damaged: it was moved to %s, and is built anew.", self.work.place, moved)

    def _check_remakeable(self, error: BrokenIndexError) -> None:
        """Raise BankError where some vectors would have to be embedded, and nobody is here to do it."""
        there = self.work.supplied.find(self.hashes)[0] | self.kept.find(self.hashes)[0]
        if self.work.embedder is None and not there.all():
            raise BankError(
                f"{error} It is damaged; {int((~there).sum()):,} of its vectors have to be embedded again. "
                "`smacs bank index` does so, and keeps the damaged one beside it."
            ) from error

    def _read(self, index: Access, positions: Sequence[int]) -> list[int]:
        """Fill the rows that Chroma has; the positions of the others."""
        missing, damaged = list[int](), 0
        for group in self._groups(positions, self.batch):
            found, rows = index.call("read", group[0] // self.shard, self._ids(group))
            known = np.array([value == self.hashes[i] for i, value in zip(group, found, strict=True)])
            self.matrix[group] = rows
            missing += np.asarray(group)[~known].tolist()
            damaged += found.count(DAMAGED)
        if damaged:
            log.warning("%s: %d vectors fail their checksum, and are made anew.", self.work.place, damaged)
        return missing

    def _take_supplied(self, index: Access, missing: list[int]) -> list[int]:
        """Write those that came with the questions. Raises BankError where one of them is damaged."""
        supplied, rest = self.work.supplied, self._take(self.work.supplied, index, missing)
        damaged = np.flatnonzero(supplied.damaged([self.hashes[i] for i in rest]))
        if len(damaged):
            name = self.questions[rest[damaged[0]]].id
            raise BankError(
                f"{supplied.file}: {len(damaged):,} vectors have a wrong checksum, such as that of question {name!r}. "
                "Restore the file from a copy, or import their source again, which replaces them. Without either: move "
                "the file away, and the bank's embedder embeds the questions of all its vectors."
            )
        return rest

    def _take(self, source: VectorFile, index: Access, missing: list[int]) -> list[int]:
        """Write those that a file has; the positions of the others."""
        rest = []
        for group in self._groups(missing, self.batch):
            found, rows = source.find([self.hashes[i] for i in group])
            kept = [i for i, there in zip(group, found, strict=True) if there]
            if kept:
                self._write(index, kept, rows)
            rest += [i for i, there in zip(group, found, strict=True) if not there]
        return rest

    async def _embed(self, index: Access, missing: list[int]) -> None:
        total = len(self.questions)
        done = total - len(missing)
        self.work.on_progress(done, total)
        embedder = self.work.embedder
        if missing and embedder is None:
            raise BankError(
                f"{len(missing):,} of {total:,} questions have no vector yet. Embed them first: `smacs bank index`."
            )
        for group in self._groups(missing, min(_GROUP, self.batch)):
            assert embedder is not None
            rows = await embedder.embed([self.questions[i].text for i in group])
            self._check(embedder.spec.model, rows, group)
            await asyncio.to_thread(self.kept.append, [self.hashes[i] for i in group], rows)
            await asyncio.to_thread(self._write, index, group, rows)
            done += len(group)
            self.work.on_progress(done, total)

    def _write(self, index: Access, group: list[int], rows: Matrix) -> None:
        index.call("write", group[0] // self.shard, self._ids(group), [self.hashes[i] for i in group], rows)

    def _check(self, model: str, rows: Matrix, group: Sequence[int]) -> None:
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
