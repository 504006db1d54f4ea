"""Files of records that another tool wrote, one a line or all in one array: what they are and what is wrong in them."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.report import UnusableError
from smacs.store.io.foreign import MB, TooLargeError, bounded_lines, decode, decode_with, unpacked, whole

T = TypeVar("T")
_FIRST = 16 * MB  # bytes of a first record that are looked at
_TRIED = 20  # first records that are looked at: one that is broken says nothing about the file
_KEY = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')


def first_keys(path: Path) -> list[str]:
    """The keys of the first record that is an object; [] where there is none among the first records."""
    try:
        with unpacked(path) as file:
            values = _first_of_array(file) if _start(file) == b"[" else _first_lines(file)
            return next((list(value) for value in values if isinstance(value, dict)), [])
    except (InputError, ValueError, RecursionError):
        return []


def top_keys(path: Path) -> list[str]:
    """The first keys of a file that is one object; [] where it is something else. Little of the file is read."""
    try:
        with unpacked(path) as file:
            if _start(file) != b"{":
                return []
            head = file.read(1 << 16).decode(errors="ignore")
    except (InputError, ValueError):
        return []
    return _keys(head)


def _keys(head: str) -> list[str]:
    """The keys of an object that may be cut off: those before the first value that is."""
    decoder, keys = json.JSONDecoder(), []
    at = head.index("{") + 1
    try:
        while match := _KEY.match(head, at):
            keys.append(json.loads(match[1]))
            _, at = decoder.raw_decode(head, match.end())
    except (ValueError, RecursionError):
        pass
    return keys


def _start(file: Any) -> bytes:
    """The first byte that is no white space; the position in the file stays."""
    start: bytes = file.peek().lstrip()[:1]
    return start


def _first_lines(file: Any) -> Iterator[Any]:
    if _start(file) not in (b"{", b""):
        return
    for _, line in islice(bounded_lines(file, _FIRST // MB), _TRIED):
        try:
            yield decode(line or b"null", dict[str, msgspec.Raw])
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue


def _first_of_array(file: Any) -> Iterator[Any]:
    text = ""
    for size in (1 << 16, _FIRST):
        text += file.read(size).decode(errors="ignore")
        try:
            yield json.JSONDecoder().raw_decode(text.lstrip()[1:].lstrip())[0]
            return
        except ValueError:  # cut off
            continue


def read_lines(
    path: Path, record: type[T], expected: str, options: ImportOptions | None = None
) -> Iterator[tuple[str, T]]:
    """(place, record) for each line that is not empty, or each item of an array; the place is for messages.

    A line that is no such record is left out, or raises InputError, as `options` say; `expected` says in words what a
    line should be.
    """
    options = options or ImportOptions()
    decoder = msgspec.json.Decoder(record)
    count = 0
    for place, line in _records(path, options.max_mb):
        count += 1
        found = None
        with options.record():
            found = _record(place, line, decoder, expected, options.max_mb)
        if found is not None:
            yield place, found
    if not count:
        raise InputError(f"{path} is empty. Expected lines of JSON, each {expected}.")


def _records(path: Path, max_mb: int) -> Iterator[tuple[str, bytes | None]]:
    """(place, JSON) of each record; None instead of one that is too large."""
    with unpacked(path) as file:
        if _start(file) != b"[":
            for number, line in bounded_lines(file, max_mb):
                if line is None or line.strip():
                    yield f"{path}, line {number}", line
            return
    try:
        items = decode(whole(path, max_mb), list[msgspec.Raw])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InputError(f"{path} begins as an array of JSON, and is none: {error}.") from error
    for number, item in enumerate(items, 1):
        yield f"{path}, item {number}", bytes(item)


def _record(place: str, line: bytes | None, decoder: msgspec.json.Decoder[T], expected: str, max_mb: int) -> T:
    if line is None:
        raise UnusableError(f"{place} has more than {max_mb} MB. Raise --max-mb to read it.", "too long")
    try:
        return decode_with(decoder, line)
    except msgspec.ValidationError as error:
        raise UnusableError(f"{place}: {error}. Expected {expected}.", "of another form") from error
    except RecursionError as error:
        raise UnusableError(f"{place} is nested hundreds of levels deep. Expected {expected}.", "nested") from error
    except (msgspec.DecodeError, ValueError) as error:
        cut = " The file ends in the middle of it." if not line.endswith((b"\n", b"}")) else ""
        raise UnusableError(f"{place} is no JSON ({error}). Expected {expected}.{cut}", "no JSON") from error


def table_header(path: Path) -> list[str]:
    """The names in the first line of a table; [] where the file is no text."""
    try:
        with unpacked(path) as file:
            first = file.readline(_FIRST).decode()
    except (InputError, UnicodeDecodeError):
        return []
    return [name.strip(' "') for name in re.split(r"[,;\t]", first.strip())]


def table_lines(path: Path, max_mb: int) -> Iterator[str]:
    """The lines of a table as text. Raises InputError."""
    with unpacked(path) as file:
        for number, line in bounded_lines(file, max_mb):
            if line is None:
                raise TooLargeError(f"{path}, line {number} has more than {max_mb} MB. Raise --max-mb to read it.")
            try:
                yield line.decode()
            except UnicodeDecodeError as error:
                raise InputError(f"{path}, line {number} is not UTF-8. Save the file as UTF-8.") from error


def convert(place: str, value: Any, kind: type[T], expected: str, *, strict: bool = True) -> T:
    """`value` as `kind`; numbers may be texts unless `strict`. Raises UnusableError that names place and key."""
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise UnusableError(f"{place}: {error}. Expected {expected}.", "of another form") from error


def opened(path: Path) -> Any:
    """The file, to read bytes. Raises InputError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def optional_document(file: Path, kind: type[T]) -> T | None:
    """A JSON file beside the log; None where it is missing or not what was expected, since an import can do without."""
    try:
        return decode(whole(file), kind) if file.is_file() else None
    except (InputError, msgspec.DecodeError, ValueError, RecursionError):
        return None


def file_kind(path: Path) -> str:
    """What a file of no known format looks like, for a message."""
    with opened(path) as raw:
        if not raw.read(1):
            return "empty"
    try:
        with unpacked(path) as file:
            start = file.readline(_FIRST)
    except InputError as error:
        return f"of no known kind: {error}"
    if not start.strip():
        return "a file whose first line is empty"
    if keys := first_keys(path):
        return f"JSON whose first line has the keys {', '.join(map(str, keys[:12]))}"
    if start.lstrip()[:1] in (b"{", b"["):
        return f"JSON, or what is left of it; it begins with {start[:60].decode(errors='replace')!r}"
    return f"of no known kind; it begins with {start[:24]!r}"
