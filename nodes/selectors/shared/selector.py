"""Selectors: what every one of them takes and gives, and how they are found.

The rule that all of them keep: the scores of an LLM come from its own column of V and from what all columns share (the
questions), never from another LLM's column. So adding an LLM to a bank changes no score of the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from smacs.errors import InputError
from smacs.plugins import find, listed

Vectors: TypeAlias = npt.NDArray[np.float32]
Codes: TypeAlias = npt.NDArray[np.int32]
Floats: TypeAlias = npt.NDArray[np.float64]

CELLS = 1 << 20  # similarities in memory at once, 4 MB: more of them make a processor wait for its memory
LEAST = 16  # questions compared at once with however large a bank, so that it is read once for all of them


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """The bank that a selector is fitted on: N questions, R LLMs.

    `matrix` (N, d) has rows of length 1; `correct` (N, R) is V of eq. 1, in [0, 1], NaN where never evaluated;
    `datasets` and `subjects` (N,) are codes >= 0; `texts` are the N questions, or empty where they are not at hand.
    Raises InputError when the sizes do not fit together.
    """

    matrix: Vectors
    correct: Vectors
    datasets: Codes
    subjects: Codes
    texts: Sequence[str] = ()

    def __post_init__(self) -> None:
        rows = {len(self.matrix), len(self.correct), len(self.datasets), len(self.subjects)}
        if len(rows) > 1 or rows == {0} or self.matrix.ndim != 2 or self.correct.ndim != 2:
            shapes = ", ".join(str(a.shape) for a in (self.matrix, self.correct, self.datasets, self.subjects))
            raise InputError(
                "a selector is fitted on matrix (N, d), correct (N, R), datasets (N,) and subjects (N,) with the same "
                f"N > 0; these have the shapes {shapes}"
            )
        if len(self.texts) not in (0, len(self.matrix)):
            raise InputError(f"a bank of {len(self.matrix)} questions has as many texts or none, not {len(self.texts)}")


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """m questions to score: `vectors` (m, d) of length 1; codes as in TrainingSet, -1 = unknown.

    Both codes of a live question are unknown. `texts` are the m questions, or empty: a selector that reads texts then
    does without.
    """

    vectors: Vectors
    datasets: Codes
    subjects: Codes
    texts: Sequence[str] = ()

    @classmethod
    def live(cls, vectors: Vectors, texts: Sequence[str] = ()) -> "Queries":
        """Questions of which nothing but the embedding (m, d), and the text if given, is known."""
        unknown = np.full(len(vectors), -1, np.int32)
        return cls(vectors, unknown, unknown, texts)

    def blocks(self, rows: int) -> Iterator["Queries"]:
        """The questions in order, as many at once as keep a similarity matrix with `rows` columns small."""
        size = block_size(rows)
        for i in range(0, max(len(self.vectors), 1), size):
            part = slice(i, i + size)
            yield Queries(self.vectors[part], self.datasets[part], self.subjects[part], self.texts[part])


def block_size(rows: int) -> int:
    """How many questions to compare at once with a matrix of so many rows."""
    return max(LEAST, CELLS // rows)


class Fitted(Protocol):
    """A selector that has seen a bank."""

    def scores(self, queries: Queries) -> Floats:
        """(m, R) scores, larger = more likely to be right; only the order within a question has a meaning."""
        ...


class Selector(Protocol):
    """A way to score LLMs before any of them is called.

    A frozen dataclass may let a bank choose some of its fields (see `smacs.nodes.shared.tuning`).
    """

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    @property
    def summary(self) -> str:
        """One line: what it does, and its source."""
        ...

    def fit(self, training: TrainingSet) -> Fitted:
        """Learn from a bank. Missing cells are left out, never counted 0."""
        ...


S = TypeVar("S", bound=Selector)
T = TypeVar("T", contravariant=True)


@runtime_checkable
class Sharing(Protocol[T]):
    """A selector that can do together what does not depend on its settings."""

    def scores_of_each(self, others: Sequence[T], training: TrainingSet, queries: Queries) -> list[Floats]:
        """What `other.fit(training).scores(queries)` gives for each of the others, which are of its own kind."""
        ...


def scores_of_each(several: Sequence[S], training: TrainingSet, queries: Queries) -> list[Floats]:
    """(m, R) scores by each of one selector's settings, fitted on `training`."""
    first = several[0]
    if isinstance(first, Sharing):
        return first.scores_of_each(several, training, queries)
    return [each.fit(training).scores(queries) for each in several]


def selectors() -> dict[str, Selector]:
    """Every selector by name, in alphabetical order of their files."""
    return dict(_found())


def find_selector(name: str) -> Selector:
    """The selector of that name. Raises InputError that lists what exists."""
    return find(_found(), name, "selector")


@cache
def _found() -> dict[str, Selector]:
    return listed("smacs.nodes.selectors", "SELECTOR")
