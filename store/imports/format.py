"""What a format is: how a file of it is recognised, and how it is read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from smacs.pool.config import EmbedderSpec
from smacs.store.merge import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may say about files that do not say it themselves, or say several things.

    `llm` is who answered, `dataset` where the questions come from, `metric` which score is the grade, `text` the field
    that holds the question. `has` tells whether the bank has a question of that id. `note` takes remarks for the user.
    """

    llm: str | None = None
    dataset: str | None = None
    metric: str | None = None
    text: str | None = None
    has: Callable[[str], bool] = lambda _: False
    note: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format. `looks` says in words what a file of it looks like.

    `recognises` looks at the content and never raises for one of another format. `read` gives what is in the file, a
    question possibly several times, and raises InputError that names file, line or key, and what was expected there.
    `embedder` is the one that the vectors in the file come from. `uses` names the `Options` that a user may
    give here, apart from `dataset`.
    """

    name: str
    looks: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Options], Iterator[Found]]
    uses: frozenset[str] = frozenset()
    embedder: Callable[[Path], EmbedderSpec | None] = lambda _: None
