"""Questions of a test that must not be in a bank: the same text, or nearly the same by embedding.

A question is nearly an excluded one where the cosine of their embeddings reaches the threshold. Both are embedded as
the bank embeds its questions, so that the vectors of what stays can be given to the bank.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.store.create.convert import Draft
from smacs.store.create.distinct import SHOWN
from smacs.store.create.nearest import nearest
from smacs.store.create.report import Leak
from smacs.store.identity import normalised

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

GROUP = 256  # questions embedded at once
OnProgress = Callable[[str, int, int], None]  # what, done, of how many


def without_exact(drafts: Sequence[Draft], excluded: Sequence[Draft]) -> tuple[list[Draft], list[Leak]]:
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
        self, embedder: "Embedder", excluded: Sequence[Draft], threshold: float, on_progress: OnProgress
    ) -> None:
        self.embedder = embedder
        self.excluded = excluded
        self.threshold = threshold
        self.on_progress = on_progress
        self.matrix: NDArray[np.float32] | None = None
        self.vectors: dict[str, NDArray[np.float32]] = {}
        self.leaks: list[Leak] = []

    async def pick(self, drafts: Sequence[Draft], limit: int) -> list[Draft]:
        """The first `limit` questions that pass, in order; no more are embedded than that takes."""
        passed: list[Draft] = []
        at = 0
        while at < len(drafts) and len(passed) < limit:
            group = drafts[at : at + min(GROUP, limit - len(passed))]
            at += len(group)
            passed += await self._passing(group)
            self.on_progress("comparing questions", len(passed), min(limit, len(drafts)))
        return passed

    async def _passing(self, group: Sequence[Draft]) -> list[Draft]:
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

    async def _embed(self, drafts: Sequence[Draft]) -> NDArray[np.float32]:
        return await self.embedder.embed([draft.question.text for draft in drafts])


def _leak(draft: Draft, hit: Draft, kind: str, similarity: float) -> Leak:
    texts = (draft.question.text[:SHOWN], hit.question.text[:SHOWN])
    return Leak(draft.place, hit.place, kind, similarity, *texts)
