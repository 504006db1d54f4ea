"""Questions that must not be in a bank again, or at all: duplicates, and questions of a test.

A duplicate has the same normalised text. A question of a test is found by its text, or by the cosine of the embeddings,
which must stay below a threshold. Both are embedded as the bank embeds its questions, so that the bank can keep the
vectors of what passes.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.errors import GradingError
from smacs.store.create.questions import SourcedQuestion
from smacs.store.create.report import Conflict, Duplicate, Leak, Problem
from smacs.store.graders import grade
from smacs.store.records import Question
from smacs.store.text import normalised

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

_QUOTED = 200  # characters of a text that a report quotes
_GROUP = 256  # questions embedded at once
_BLOCK = 4096  # rows of either matrix in one product: 64 MB of similarities
OnProgress = Callable[[str, int, int], None]  # what, done, of how many


def distinct(items: Sequence[SourcedQuestion]) -> tuple[list[SourcedQuestion], list[Duplicate], list[Conflict]]:
    """The first question of each text, in order; all of a text with several labels are left out."""
    groups: dict[str, list[SourcedQuestion]] = {}
    for item in items:
        groups.setdefault(normalised(item.question.text), []).append(item)
    kept, duplicates, conflicts = [], [], []
    for group in groups.values():
        first, text = group[0], group[0].question.text[:_QUOTED]
        if not all(same_label(first.question, other.question) for other in group[1:]):
            labels = [str(item.question.label)[:_QUOTED] for item in group]
            conflicts.append(Conflict([item.place for item in group], labels, text))
            continue
        kept.append(first)
        duplicates += [Duplicate(other.place, first.place, text) for other in group[1:]]
    return kept, duplicates, conflicts


def same_label(one: Question, other: Question) -> bool:
    """Whether two labels mean the same; for numbers and mathematics their grader says so."""
    if one.label == other.label:
        return True
    if one.grader not in ("number", "math") or one.grader != other.grader:
        return False
    try:
        return grade(one, f"\\boxed{{{other.label}}}").correct == 1
    except GradingError:
        return False


def unique_ids(items: Sequence[SourcedQuestion]) -> tuple[list[SourcedQuestion], list[Problem]]:
    """The questions whose id no earlier one has, and the others as problems."""
    first: dict[str, SourcedQuestion] = {}
    problems = []
    for item in items:
        holder = first.setdefault(item.question.id, item)
        if holder is not item:
            message = f"id {item.question.id!r} is that of another question ({holder.place}); map id otherwise"
            problems.append(Problem(item.place, message))
    return list(first.values()), problems


def without_excluded(
    items: Sequence[SourcedQuestion], excluded: Sequence[SourcedQuestion]
) -> tuple[list[SourcedQuestion], list[Leak]]:
    """The questions whose normalised text no excluded one has, and the others."""
    known = {normalised(item.question.text): item for item in excluded}
    kept, leaks = [], []
    for item in items:
        if (hit := known.get(normalised(item.question.text))) is None:
            kept.append(item)
        else:
            leaks.append(_leak(item, hit, "exact", 1.0))
    return kept, leaks


class Screen:
    """Lets through what is not nearly an excluded question; `vectors` has the embedding of each that passed, by id."""

    def __init__(
        self, embedder: "Embedder", excluded: Sequence[SourcedQuestion], threshold: float, on_progress: OnProgress
    ) -> None:
        self.embedder = embedder
        self.excluded = excluded
        self.threshold = threshold
        self.on_progress = on_progress
        self.matrix: NDArray[np.float32] | None = None
        self.vectors: dict[str, NDArray[np.float32]] = {}
        self.leaks: list[Leak] = []

    async def pick(self, items: Sequence[SourcedQuestion], limit: int) -> list[SourcedQuestion]:
        """The first `limit` questions that pass, in order; no more are embedded than that takes."""
        passed: list[SourcedQuestion] = []
        at = 0
        while at < len(items) and len(passed) < limit:
            group = items[at : at + min(_GROUP, limit - len(passed))]
            at += len(group)
            passed += await self._passing(group)
            self.on_progress("comparing questions", len(passed), min(limit, len(items)))
        return passed

    async def _passing(self, group: Sequence[SourcedQuestion]) -> list[SourcedQuestion]:
        matrix, vectors = await self._excluded(), await self._embed(group)
        where, cosine = nearest(vectors, matrix)
        passing = []
        for i, item in enumerate(group):
            if cosine[i] >= self.threshold:
                self.leaks.append(_leak(item, self.excluded[where[i]], "near", round(float(cosine[i]), 4)))
            else:
                self.vectors[item.question.id] = vectors[i]
                passing.append(item)
        return passing

    async def _excluded(self) -> NDArray[np.float32]:
        """The vectors of the excluded questions, computed once."""
        if self.matrix is not None:
            return self.matrix
        parts = []
        for at in range(0, len(self.excluded), _GROUP):
            parts.append(await self._embed(self.excluded[at : at + _GROUP]))
            self.on_progress("embedding the excluded", min(at + _GROUP, len(self.excluded)), len(self.excluded))
        self.matrix = np.concatenate(parts)
        return self.matrix

    async def _embed(self, items: Sequence[SourcedQuestion]) -> NDArray[np.float32]:
        return await self.embedder.embed([item.question.text for item in items])


def _leak(item: SourcedQuestion, hit: SourcedQuestion, kind: str, similarity: float) -> Leak:
    texts = (item.question.text[:_QUOTED], hit.question.text[:_QUOTED])
    return Leak(item.place, hit.place, kind, similarity, *texts)


def nearest(
    rows: NDArray[np.float32], others: NDArray[np.float32], *, block: int = _BLOCK
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions in `others` (m, d), m > 0, and cosines, each (n,), for `rows` (n, d); rows have length 1.

    The first of equally similar ones wins. Never more than `block` x `block` similarities at once.
    """
    where = np.zeros(len(rows), np.int64)
    best = np.full(len(rows), -np.inf, np.float32)
    for top in range(0, len(rows), block):
        part = slice(top, top + block)
        for left in range(0, len(others), block):
            similarity = rows[part] @ others[left : left + block].T
            column = similarity.argmax(axis=1)
            value = similarity[np.arange(len(column)), column]
            better = value > best[part]
            where[part][better] = left + column[better]
            best[part][better] = value[better]
    return where, best
