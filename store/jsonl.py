"""Append-only JSONL files that survive a writer killed at any moment.

A broken or half last line is what such a writer leaves: readers skip it, the next writer cuts it off. A broken line
anywhere else, or a line that is JSON but not the expected record, is an error that names the file and the line.
"""

import os
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from smacs.pool.errors import BankError
from smacs.store.room import writing

T = TypeVar("T", bound=msgspec.Struct)


def read_jsonl(path: Path, record: type[T]) -> Iterator[T]:
    """The records of a file, in order; nothing where the file is missing. Raises BankError for a broken line."""
    for item, _ in scan_jsonl(path, record):
        yield item


class JsonlWriter:
    """Appends records; what `append` returned from is on the disk. One writer at a time (see `smacs.store.lock`).

    Raises BankError for a broken line, and where the file cannot be written.
    """

    def __init__(self, path: Path, record: type[msgspec.Struct]) -> None:
        self._path = path
        self._end = max((end for _, end in scan_jsonl(path, record)), default=0)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
            self._file.truncate(self._end)
        if self._end and not _ends_line(path, self._end):
            self._write(b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, records: Iterable[msgspec.Struct]) -> None:
        """Write the records with one fsync: all of them, or none where they do not fit. Raises BankError."""
        self._write(encode_lines(records))

    def _write(self, lines: bytes) -> None:
        with writing(self._path):
            try:
                write_all(self._file, lines)
            except OSError:
                self._file.truncate(self._end)
                raise
        self._end += len(lines)


def write_all(file: FileIO, data: bytes) -> None:
    """Write to a file without a buffer; it is on the disk when this returns. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def encode_lines(records: Iterable[msgspec.Struct]) -> bytes:
    """The records as JSON, one a line."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def scan_jsonl(path: Path, record: type[T]) -> Iterator[tuple[T, int]]:
    """Each record with the offset at which its line ends. Raises BankError for a broken line."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(record)
    broken, end = 0, 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for number, line in enumerate(file, 1):
            end += len(line)
            if end > size:  # a writer is repairing or finishing this line while we read it
                return
            if not line.strip():
                continue
            if broken:
                raise BankError(f"{path}, line {broken} is not JSON. Repair or delete that line.")
            try:
                yield decoder.decode(line), end
            except msgspec.ValidationError as error:
                raise BankError(f"{path}, line {number}: {error}. Repair or delete that line.") from error
            except (msgspec.DecodeError, UnicodeDecodeError):
                broken = number


def _ends_line(path: Path, end: int) -> bool:
    with path.open("rb") as file:
        file.seek(end - 1)
        return file.read(1) == b"\n"
