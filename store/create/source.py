"""Where questions come from, and what is read there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from smacs.errors import InputError
from smacs.store.create.report import Place
from smacs.store.io.packed import stem

JSON = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")
PARQUET = (".parquet", ".pq")
SUFFIXES = (*JSON, *TABLES, *PARQUET)
FIELDS = ("text", "label", "options", "setup", "id", "dataset", "subject", "task", "grader")  # filled from columns
CONSTANTS = ("dataset", "subject", "task", "grader", "first_option")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    r"""A file, a local folder or a hub data set (`name` or `name/config`), and how to read questions from it.

    `columns` says where a field of `FIELDS` is: a column, for `options` several separated by commas, or a template
    such as "{question}\n{options}"; fields that it leaves out are found by usual names. `constants` hold for every
    question; "first_option" is the number (0 or 1) that labels of the first option. At most `limit` questions are
    taken: the first ones, or with a `seed` drawn at random. `name` is also the dataset of questions that name none.
    """

    where: str
    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    revision: str | None = None
    limit: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for given, known in ((self.columns, FIELDS), (self.constants, CONSTANTS)):
            if unknown := [name for name in given if name not in known]:
                raise InputError(f"{self.where}: expected a field out of {', '.join(known)}; got {unknown[0]!r}.")
        if both := set(self.columns) & set(self.constants):
            raise InputError(f"{self.where}: {both.pop()!r} has a column and a constant. Give one of them.")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"{self.where}: expected a limit of at least 1, got {self.limit}.")
        if not self.name:
            object.__setattr__(self, "name", default_name(self.where))


def default_name(where: str) -> str:
    """A file's name without its ending; `name` of a hub data set `owner/name` or `owner/name/config`."""
    path = Path(where)
    if suffix_of(path) in SUFFIXES:
        return stem(path).stem
    parts = where.split("/")
    return parts[1] if len(parts) == 3 and not path.parent.is_dir() else path.name


def suffix_of(path: Path) -> str:
    """What kind of file it is, in lower case; that it is compressed does not count."""
    return stem(path).suffix.lower()


class Row(NamedTuple):
    """One record of a source, and where it is; `problem` says why it cannot be read."""

    number: int
    values: dict[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a source holds; `unit` says what a row's number counts, from 1."""

    source: Source
    unit: Literal["line", "row"]
    rows: list[Row]

    def place(self, row: Row) -> Place:
        """Where a row is."""
        split = f" ({self.source.split})" if self.source.split else ""
        return Place(f"{self.source.where}{split}", self.unit, row.number)
