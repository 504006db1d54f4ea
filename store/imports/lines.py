"""Files of JSON lines that somebody else wrote: what they are, and what is wrong with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from smacs.pool.errors import InputError

T = TypeVar("T")
_FIRST = 1 << 24  # bytes of a first line that is looked at


def first_keys(path: Path) -> list[str]:
    """The keys of the first line's object; none where that is something else."""
    try:
        with path.open("rb") as file:
            value = msgspec.json.decode(file.readline(_FIRST))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    return list(value) if isinstance(value, dict) else []


def read_lines(path: Path, record: type[T], expected: str) -> Iterator[tuple[str, T]]:
    """(place, record) for each line that is not empty; the place is for messages.

    Raises InputError for a line that is no such record; `expected` says in words what a line is.
    """
    decoder = msgspec.json.Decoder(record)
    count = 0
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            count += 1
            place = f"{path}, line {number}"
            try:
                yield place, decoder.decode(line)
            except msgspec.ValidationError as error:
                raise InputError(f"{place}: {error}. Expected {expected}.") from error
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                cut = " The file ends in the middle of it." if not line.endswith(b"\n") else ""
                raise InputError(f"{place} is no JSON ({error}). Expected {expected}.{cut}") from error
    if not count:
        raise InputError(f"{path} is empty. Expected lines of JSON, each {expected}.")


def convert(place: str, value: Any, kind: type[T], expected: str) -> T:
    """`value` as `kind`. Raises InputError that names the place and the key."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{place}: {error}. Expected {expected}.") from error


def opened(path: Path) -> Any:
    """The file, to read bytes. Raises InputError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def described(path: Path) -> str:
    """What a file of no known format looks like, for a message."""
    with opened(path) as file:
        start = file.readline(_FIRST)
    if not start.strip():
        return "empty" if not path.stat().st_size else "a file whose first line is empty"
    if keys := first_keys(path):
        return f"JSON whose first line has the keys {', '.join(map(str, keys[:12]))}"
    if start.lstrip()[:1] in (b"{", b"["):
        return f"JSON, or what is left of it; it begins with {start[:60].decode(errors='replace')!r}"
    return f"of no known kind; it begins with {start[:24]!r}"
