"""Append-only JSONL files that survive a writer killed at any moment, and know when they were damaged.

A last line without its end is what such a writer leaves: readers skip it, the next writer cuts it off. Any other line
that is broken, fails its checksum (see `smacs.store.io.checksums`), or is JSON but not the expected record, is an error
that names the file and the line. A line without a checksum is read all the same.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import msgspec

from smacs.errors import BankError
from smacs.store.io.checksums import ACCEPT, FIELD, intact, sealed
from smacs.store.io.files import writing

T = TypeVar("T", bound=msgspec.Struct)
WRONG = (
    f" has a wrong checksum: it was damaged, or edited by hand. If you edited it, delete its field {FIELD!r}; {ACCEPT}"
)


def read_jsonl(path: Path, record: type[T]) -> Iterator[T]:
    """The records of a file, in order; nothing where the file is missing. Raises BankError for a broken line."""
    for item, _ in scan_jsonl(path, record):
        yield item


class JsonlWriter:
    """Appends records; what `append` returned from is on the disk. One writer at a time (see `smacs.store.io.lock`).

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
    """The records as JSON, one a line, each with its checksum."""
    return b"".join(sealed(msgspec.json.encode(record)) + b"\n" for record in records)


def scan_jsonl(path: Path, record: type[T]) -> Iterator[tuple[T, int]]:
    """Each record with the offset at which its line ends. Raises BankError for a broken line."""
    if not path.exists():
        return
    decoder, end = msgspec.json.Decoder(record), 0
    with reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        for number, line in enumerate(file, 1):
            end += len(line)
            if end > size:  # a writer is repairing or finishing this line while we read it
                return
            if not line.strip():
                continue
            item = decode_line(line, decoder)
            if isinstance(item, str):
                if is_half(line):
                    return
                raise BankError(f"{path}, line {number}{item}. {remedy(path, number)}")
            yield item, end


def decode_line(line: bytes, decoder: msgspec.json.Decoder[T]) -> T | str:
    """The record of a line, or what is wrong with it, to be put right behind the line's number."""
    if intact(line) is False:
        return WRONG
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        return f": {error}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return " is not JSON"
    except RecursionError:
        return " is nested too deeply"


def is_half(line: bytes) -> bool:
    """Whether a broken line may be what a killed writer left: without its end, and no whole line with another end."""
    return not line.endswith(b"\n") and intact(line[:-1]) is None and intact(line) is None


def remedy(path: Path, number: int) -> str:
    """What helps against a broken line of a bank's file."""
    delete = f"Restore it from a copy, or delete the line (sed -i {number}d {quote(str(path))})"
    if path.parent.name == "evaluations":
        return f"{delete}: the next evaluation asks its question again."
    if path.name == "keywords.jsonl":
        return f"{delete}: `smacs bank keywords` names them again."
    return f"{delete}: its question then is gone." if path.name == "questions.jsonl" else f"{delete}."


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """A file of the bank, to read from. Raises BankError where it cannot be read."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise BankError(f"{path} cannot be read ({error.strerror or error}). Expected a file; restore it.") from error


def _ends_line(path: Path, end: int) -> bool:
    with path.open("rb") as file:
        file.seek(end - 1)
        return file.read(1) == b"\n"
