"""Look at every line of a JSONL file, the broken ones included."""

from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class Line(msgspec.Struct, Generic[T]):
    """A line's number from 1; its record, or what is wrong with it. `half` is a last line without its end."""

    number: int
    record: T | None = None
    wrong: str = ""
    half: bool = False


def every_line(path: Path, record: type[T]) -> Iterator[Line[T]]:
    """All lines that are not empty; a missing file has none."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(record)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield Line(number, decoder.decode(line))
            except msgspec.ValidationError as error:
                yield Line(number, wrong=str(error))
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield Line(number, wrong="is not JSON", half=not line.endswith(b"\n"))
