"""Look at every line of a JSONL file, the broken ones included."""

from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from smacs.store.io.checksums import intact
from smacs.store.io.jsonl import decode_line, is_half, reading

T = TypeVar("T", bound=msgspec.Struct)


class Line(msgspec.Struct, Generic[T]):
    """A line's number from 1; its record, or what is wrong with it. `half` is a last line without its end.

    `bare` has no checksum.
    """

    number: int
    record: T | None = None
    wrong: str = ""
    half: bool = False
    bare: bool = False


def every_line(path: Path, record: type[T]) -> Iterator[Line[T]]:
    """All lines that are not empty; a missing file has none. Raises BankError for a file that cannot be read."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(record)
    with reading(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                item = decode_line(line, decoder)
                if isinstance(item, str):
                    yield Line(number, wrong=item.lstrip(": "), half=is_half(line))
                else:
                    yield Line(number, item, bare=intact(line) is None)
