"""Rows from a file: JSON Lines, a JSON array, CSV, TSV, Parquet; compressed or not."""

import csv
import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from smacs.errors import InputError
from smacs.store.create.source import PARQUET, SUFFIXES, TABLES, Row, Rows, Source, suffix_of
from smacs.store.io.cells import GUARDED, unguarded
from smacs.store.io.lenient import decode
from smacs.store.io.packed import COMPRESSED, unpacked

_BOUND = 2048  # MB that may come out of a compressed file: all of it is in memory


def read_file(source: Source) -> Rows:
    """All rows of a file, by its suffix; rows that cannot be read say why. Raises InputError."""
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
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise InputError(f"{path}: Parquet needs a package more: pip install 'smacs[data]'") from error
    try:
        with ParquetFile(path) as file:
            batches = (row for batch in file.iter_batches() for row in batch.to_pylist())
            for number, values in enumerate(batches, 1):
                yield Row(number, values)
    except (ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}.") from error
