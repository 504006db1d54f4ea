"""What an import format is: how a file of it is recognised, and how it is read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smacs.pool.config import EmbedderSpec
from smacs.store.imports.report import StrictTally, Tally
from smacs.store.imports.scores import FROM_0_TO_1, Scale, grade_of
from smacs.store.io.foreign import RECORD
from smacs.store.merge import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user says about files that do not say it themselves, or say several things; and where remarks go.

    `llm` is who answered, `dataset` where the questions come from, `metric` which score is the grade, `scale` its worst
    and best value, `text` the field or template of the question, `max_mb` the limit of one record. `in_bank` says
    whether the bank has a question of that id. `note` takes remarks for the user, `omissions` the records that are left
    out, `metrics` the scores that were taken as the grade, by the names that the tool itself has for them.
    """

    llm: str | None = None
    dataset: str | None = None
    metric: str | None = None
    scale: Scale = FROM_0_TO_1
    text: str | None = None
    max_mb: int = RECORD
    in_bank: Callable[[str], bool] = lambda _: False
    note: Callable[[str], None] = lambda _: None
    omissions: Tally = field(default_factory=StrictTally)
    metrics: dict[str, None] = field(default_factory=dict)

    def record(self) -> AbstractContextManager[None]:
        """Put this around all the work on one record: if that one cannot be used, the others still can."""
        return self.omissions.record()

    def grade(
        self, place: str, name: str, value: Any, words: Mapping[str, float] | None = None, *, alias: str = ""
    ) -> float:
        """`grade_of` on the user's scale; `alias` is the tool's name for this score where it has another one."""
        grade = grade_of(place, name, value, words, scale=self.scale)
        self.metrics.setdefault(alias or name)
        return grade


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolScores:
    """The accuracies that the tool itself has reported for a file, by the name of the score, and where it did."""

    scores: Mapping[str, float]
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format. `looks` says in words what a file of it looks like.

    `recognises` looks at the content and never raises for a file of another format; a file that ends in `suffix` is
    taken for this format whatever is in it. `read` yields what is in the file, a question possibly several times; it
    leaves out records by `Options.record`, and raises InputError that names file, line or key, and what was expected
    there. `tool_scores` is what the tool has reported about the file. `embedder` is the one that made the vectors in
    it. `uses` names the `Options` that a user may give here, apart from `dataset`.
    """

    name: str
    looks: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, ImportOptions], Iterator[Found]]
    suffix: str | None = None
    uses: frozenset[str] = frozenset()
    tool_scores: Callable[[Path], ToolScores | None] = lambda _: None
    embedder: Callable[[Path], EmbedderSpec | None] = lambda _: None
