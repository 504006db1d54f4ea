"""Verify what is derived from the bank's files: the vectors in Chroma, and the memory-mapped arrays."""

from collections.abc import Generator, Iterator
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.index.access import Access, access
from smacs.store.index.arrays import Arrays, arrays_folder, damaged, open_arrays
from smacs.store.index.chroma import DAMAGED, batch_rows, shard_rows
from smacs.store.index.columns import damaged_column
from smacs.store.index.place import Place, place_of
from smacs.store.index.vector_file import content_hash
from smacs.store.io.files import stamp
from smacs.store.records import Question
from smacs.store.verify.truth import Problem

ANEW = "It is not used, and is made anew when the bank is used next; all of it now: smacs bank index --rebuild"
MEND = "Build it anew: smacs bank index --rebuild"
REMAKE = "They are not used, and made anew by: smacs bank index. Or all of them: smacs bank index --rebuild"
FILL = "Embed them: smacs bank index"
_WAIT = 10.0  # seconds for another process that uses the index


def index(bank: QuestionBank) -> Iterator[Problem]:
    """Count, content, dimension and length of the vectors; checksums of the arrays. Changes nothing."""
    place = place_of(bank.path, bank.manifest)
    arrays = yield from _arrays(bank, place)
    yield from _set_aside(place)
    if not place.server and not place.chroma.exists():
        yield Problem("chroma", f"there is no index of the {len(bank.questions):,} questions yet", FILL, harmless=True)
        return
    try:
        opened = access(place, wait=_WAIT)
        try:
            yield from _vectors(bank, opened, arrays.matrix if arrays else None)
        finally:
            opened.close()
    except BankError as error:
        yield Problem("chroma", str(error), MEND)


def _arrays(bank: QuestionBank, place: Place) -> Generator[Problem, None, Arrays | None]:
    """Problems of the memory-mapped arrays; returns those that can be used."""
    folder = arrays_folder(place, bank.manifest.embedder, stamp(bank.questions_file))
    name, wrong = f"arrays/{folder.name}", damaged(folder) if folder.exists() else []
    for file in wrong:
        yield Problem(f"{name}/{file}", "has a wrong checksum", ANEW)
    for column in sorted((folder / "columns").glob("*@*.npy")):
        if damaged_column(column):
            yield Problem(f"{name}/columns/{column.name}", "has a wrong checksum", ANEW)
    arrays = None if wrong else open_arrays(folder, bank.manifest.embedder.dimension)
    if folder.exists() and not wrong and arrays is None:
        yield Problem(name, "its files do not fit together", ANEW)
    return arrays


def _set_aside(place: Place) -> Iterator[Problem]:
    """Indexes that nothing uses any more."""
    for aside in sorted(place.folder.glob("chroma.*-*")):
        why = "was damaged and is no longer used" if f".{DAMAGED}-" in aside.name else "was replaced by a rebuild"
        yield Problem(aside.name, f"an index that {why}", f"To remove it: rm -r {quote(str(aside))}", harmless=True)


def _vectors(bank: QuestionBank, opened: Access, matrix: NDArray[np.float32] | None) -> Iterator[Problem]:
    questions, embedder = bank.questions, bank.manifest.embedder
    damaged = changed = missing = other = 0
    for start, group in _groups(questions, embedder.dimension):
        wanted = [content_hash(embedder, question.text) for question in group]
        found, rows = opened.call("peek", start // shard_rows(embedder.dimension), [q.id for q in group])
        there = np.array([value != "" for value in found])
        bad = np.array([value == DAMAGED for value in found])
        same = np.array([value == want for value, want in zip(found, wanted, strict=True)])
        missing += int((~there).sum())
        changed += int((there & ~same & ~bad).sum())
        damaged += int(bad.sum())
        if matrix is not None and matrix.shape == (len(questions), embedder.dimension):
            differ = ~np.isclose(rows, matrix[start : start + len(group)], atol=1e-5).all(axis=1)
            other += int((same & differ).sum())
    if matrix is not None and matrix.shape != (len(questions), embedder.dimension):
        yield Problem("arrays", f"shape {matrix.shape}, expected {(len(questions), embedder.dimension)}", MEND)
    if missing:
        yield Problem("chroma", f"{missing:,} of {len(questions):,} questions have no vector", FILL, harmless=True)
    if changed:
        yield Problem("chroma", f"{changed:,} vectors are of an older text of their question", FILL, harmless=True)
    if damaged:
        yield Problem("chroma", f"{damaged:,} vectors are not what was written: they fail their checksum", REMAKE)
    if other:
        yield Problem("chroma", f"{other:,} vectors differ from those in arrays/", MEND)


def _groups(questions: list[Question], dimension: int) -> Iterator[tuple[int, list[Question]]]:
    """Questions read at once; none crosses a collection."""
    shard, size = shard_rows(dimension), batch_rows(dimension)
    for first in range(0, len(questions), shard):
        for start in range(first, min(first + shard, len(questions)), size):
            yield start, questions[start : min(start + size, first + shard)]
