"""Questions that come more than once: the same normalised text, with the same label or with another one."""

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
import numpy as np
from numpy.typing import NDArray

QUOTED = 200  # characters of a text that a report quotes


def distinct(drafts: Sequence[SourcedQuestion]) -> tuple[list[SourcedQuestion], list[Duplicate], list[Conflict]]:
    """The first question of each text, in order; all of a text with several labels are left out."""
    groups: dict[str, list[SourcedQuestion]] = {}
    for draft in drafts:
        groups.setdefault(normalised(draft.question.text), []).append(draft)
    kept, duplicates, conflicts = [], [], []
    for group in groups.values():
        first, text = group[0], group[0].question.text[:QUOTED]
        if not all(same_label(first.question, other.question) for other in group[1:]):
            labels = [str(draft.question.label)[:QUOTED] for draft in group]
            conflicts.append(Conflict([draft.place for draft in group], labels, text))
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


def unique_ids(drafts: Sequence[SourcedQuestion]) -> tuple[list[SourcedQuestion], list[Problem]]:
    """The questions whose id no earlier one has, and the others as problems."""
    first: dict[str, SourcedQuestion] = {}
    problems = []
    for draft in drafts:
        holder = first.setdefault(draft.question.id, draft)
        if holder is not draft:
            message = f"id {draft.question.id!r} is that of another question ({holder.place}); map id otherwise"
            problems.append(Problem(draft.place, message))
    return list(first.values()), problems


GROUP = 256  # questions embedded at once
OnProgress = Callable[[str, int, int], None]  # what, done, of how many


def without_excluded(
    drafts: Sequence[SourcedQuestion], excluded: Sequence[SourcedQuestion]
) -> tuple[list[SourcedQuestion], list[Leak]]:
    """The questions whose normalised text no excluded one has, and the others."""
    known = {normalised(draft.question.text): draft for draft in excluded}
    kept, leaks = [], []
    for draft in drafts:
        if (hit := known.get(normalised(draft.question.text))) is None:
            kept.append(draft)
        else:
            leaks.append(_leak(draft, hit, "exact", 1.0))
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

    async def pick(self, drafts: Sequence[SourcedQuestion], limit: int) -> list[SourcedQuestion]:
        """The first `limit` questions that pass, in order; no more are embedded than that takes."""
        passed: list[SourcedQuestion] = []
        at = 0
        while at < len(drafts) and len(passed) < limit:
            group = drafts[at : at + min(GROUP, limit - len(passed))]
            at += len(group)
            passed += await self._passing(group)
            self.on_progress("comparing questions", len(passed), min(limit, len(drafts)))
        return passed

    async def _passing(self, group: Sequence[SourcedQuestion]) -> list[SourcedQuestion]:
        matrix, vectors = await self._excluded(), await self._embed(group)
        where, cosine = nearest(vectors, matrix)
        passing = []
        for i, draft in enumerate(group):
            if cosine[i] >= self.threshold:
                self.leaks.append(_leak(draft, self.excluded[where[i]], "near", round(float(cosine[i]), 4)))
            else:
                self.vectors[draft.question.id] = vectors[i]
                passing.append(draft)
        return passing

    async def _excluded(self) -> NDArray[np.float32]:
        """The vectors of the excluded questions, computed once."""
        if self.matrix is not None:
            return self.matrix
        parts = []
        for at in range(0, len(self.excluded), GROUP):
            parts.append(await self._embed(self.excluded[at : at + GROUP]))
            self.on_progress("embedding the excluded", min(at + GROUP, len(self.excluded)), len(self.excluded))
        self.matrix = np.concatenate(parts)
        return self.matrix

    async def _embed(self, drafts: Sequence[SourcedQuestion]) -> NDArray[np.float32]:
        return await self.embedder.embed([draft.question.text for draft in drafts])


def _leak(draft: SourcedQuestion, hit: SourcedQuestion, kind: str, similarity: float) -> Leak:
    texts = (draft.question.text[:QUOTED], hit.question.text[:QUOTED])
    return Leak(draft.place, hit.place, kind, similarity, *texts)


BLOCK = 4096  # rows of either matrix in one product: 64 MB of similarities


def nearest(
    rows: NDArray[np.float32], others: NDArray[np.float32], *, block: int = BLOCK
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
