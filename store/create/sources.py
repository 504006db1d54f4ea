"""Where questions come from: files of any usual kind, and hub data sets; `read_source` reads the rows of either."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from smacs.errors import InputError
from smacs.store.create.report import Location
from smacs.store.io.foreign import COMPRESSED, RECORD, decode, stem, unpacked
from smacs.store.io.parquet import parquet_rows
from smacs.store.text import GUARDED, unguarded

JSON = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv")
PARQUET = (".parquet", ".pq")
SUFFIXES = (*JSON, *TABLES, *PARQUET)
FIELDS = ("text", "label", "options", "setup", "id", "dataset", "subject", "task", "grader")  # filled from columns
CONSTANTS = ("dataset", "subject", "task", "grader", "first_option")
_BOUND = 2048  # MB that may come out of a compressed file: all of it is in memory


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
    """The ending that says what kind of file it is, in lower case and without that of a compressed file."""
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

    def place(self, row: Row) -> Location:
        """Where a row is."""
        split = f" ({self.source.split})" if self.source.split else ""
        return Location(f"{self.source.where}{split}", self.unit, row.number)


def read_source(source: Source) -> Rows:
    """Read a file, else a folder or name as a hub data set. Raises InputError, also for a source without rows."""
    path = Path(source.where).expanduser()
    if not path.exists() and suffix_of(path) in SUFFIXES:
        raise InputError(f"No file {path}: check the path.")
    found = read_file(source) if path.is_file() else read_hub(source)
    if not found.rows:
        raise InputError(f"{source.where} is empty: expected a question in each {found.unit}.")
    return found


def read_file(source: Source) -> Rows:
    """All rows of a file, whose ending says what it is; rows that cannot be read say why. Raises InputError."""
    path = Path(source.where).expanduser()
    suffix = suffix_of(path)
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path}: expected a file that ends in {', '.join(SUFFIXES)}; compressed also in {', '.join(COMPRESSED)}."
        )
    if suffix in PARQUET:
        return Rows(source, "row", list(_parquet(path)))
    text = _text(path)
    if suffix in TABLES:
        return Rows(source, "line", list(read_table(path, StringIO(text, newline=""))))
    if text.lstrip().startswith("["):
        return Rows(source, "row", list(_json_array(path, text)))
    return Rows(source, "line", list(_json_lines(text)))


def _text(path: Path) -> str:
    try:
        with unpacked(path, bound_mb=_BOUND, hint="") as file:
            return file.read().decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield _row(number, decode(line.encode(), object))
        except (msgspec.DecodeError, RecursionError) as error:
            yield Row(number, {}, f"is not JSON: {error}")


def _json_array(path: Path, text: str) -> Iterator[Row]:
    try:
        values = decode(text.encode(), list[Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    for number, value in enumerate(values, 1):
        yield _row(number, value)


def _row(number: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(number, value)
    return Row(number, {}, f"expected an object with named values, got {str(value)[:40]!r}")


def read_table(path: Path, lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a table with a header; its delimiter is the commonest of the usual ones in the header.

    Raises InputError.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # questions may be longer than the 128 KB it allows
    rest = iter(lines)
    header = next(rest, "")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(chain([header], rest), delimiter=delimiter, strict=True)
    begin = 1
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_header(path, names)
        begin = reader.line_num + 1
        for cells in reader:
            if cells:
                yield _record(begin, names, cells)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}: the record that begins on line {begin} is broken: {error}. Is a quote missing?"
        ) from error


def _check_header(path: Path, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if (
        not names or twice is not None or "" in names[1:]
    ):  # pandas leaves the name of its index column, the first, empty
        reason = f"{twice!r} comes twice" if twice else "a column has no name"
        raise InputError(f"{path}: expected a first line with the names of the columns; {reason}.")


def _record(number: int, names: list[str], cells: list[str]) -> Row:
    if len(cells) != len(names):
        return Row(number, {}, f"expected {len(names)} cells as in the header, got {len(cells)}")
    if tuple(names[: len(GUARDED)]) == GUARDED:  # a table of ours
        cells = [*map(unguarded, cells[: len(GUARDED)]), *cells[len(GUARDED) :]]
    return Row(number, dict(zip(names, cells, strict=True)))


def _parquet(path: Path) -> Iterator[Row]:
    hint = " Cut it into several files."
    for number, values in enumerate(parquet_rows(path, bound_mb=_BOUND, hint=hint), 1):
        yield Row(number, {}, f"has more than {RECORD} MB") if values is None else Row(number, values)


def read_hub(source: Source) -> Rows:
    """All rows of one split, which must be named if there are several. Raises InputError."""
    return Rows(source, "row", [Row(number, dict(values)) for number, values in enumerate(_split(source), 1)])


def split_name(where: str) -> tuple[str, str | None]:
    """Name and configuration: `owner/name`, `owner/name/config`, or a folder, `folder/config`."""
    path = Path(where).expanduser()
    if path.is_dir():
        return str(path), None
    if path.parent != Path() and path.parent.is_dir():
        return str(path.parent), path.name
    name, _, config = where.rpartition("/")
    return (name, config) if where.count("/") == 2 else (where, None)


def _split(source: Source) -> Iterable[dict[str, Any]]:
    loaded = _load(source)
    if source.split:
        rows: Iterable[dict[str, Any]] = loaded
        return rows
    if len(loaded) > 1:
        raise InputError(
            f"{source.where} has several splits: name one of {', '.join(loaded)} with --split. A bank is made "
            "from validation or train questions, never from those of a test."
        )
    only: Iterable[dict[str, Any]] = next(iter(loaded.values()))
    return only


def _load(source: Source) -> Any:
    """The named split (a Dataset), else all of them by name (a DatasetDict)."""
    try:
        import datasets
    except ImportError as error:
        raise InputError(f"{source.where}: a hub data set needs another package: pip install 'smacs[data]'") from error
    name, config = split_name(source.where)
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(name, config, split=source.split, revision=source.revision)
    except Exception as error:  # the library raises whatever went wrong below it, network included
        raise InputError(
            f"{source.where} is no file, and as a data set of the hub it cannot be loaded: "
            f"{type(error).__name__}: {str(error)[:300]}"
        ) from error
