"""Single questions out of questions.jsonl, without reading the rest of it."""

import os
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.store.io.jsonl import decode_line, reading, remedy
from smacs.store.records import Question

T = TypeVar("T", bound=msgspec.Struct)


class Lines:
    """The questions, read from their file one at a time. A file that is replaced stays readable here."""

    def __init__(self, file: Path, ends: NDArray[np.int64]) -> None:
        self._path = file
        with reading(file) as opened:
            self._file = os.fdopen(os.dup(opened.fileno()), "rb")
        self._ends = ends
        self._decoder = msgspec.json.Decoder(Question)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, i: int) -> Question:
        """Raises BankError for a line that is broken."""
        start = int(self._ends[i - 1]) if i else 0
        return self._decoded(os.pread(self._file.fileno(), int(self._ends[i]) - start, start), self._decoder, start)

    def ids(self) -> list[str]:
        """The id of every question; nothing else of them is decoded. Raises BankError for a line that is broken."""
        decoder, ends = msgspec.json.Decoder(_Id), self._ends.tolist()
        if not ends:
            return []
        if os.fstat(self._file.fileno()).st_size < ends[-1]:
            raise BankError(f"{self._path} is shorter than it was when its index was made. Restore it from a copy.")
        with mmap(self._file.fileno(), ends[-1], access=ACCESS_READ) as lines:
            pairs = zip([0, *ends], ends, strict=False)
            return [self._decoded(lines[start:end], decoder, start).id for start, end in pairs]

    def _decoded(self, line: bytes, decoder: msgspec.json.Decoder[T], start: int) -> T:
        item = decode_line(line.lstrip(), decoder)
        if isinstance(item, str):
            number = 1 + self._lines_before(start) + line[: -len(line.lstrip())].count(b"\n")
            raise BankError(f"{self._path}, line {number}{item}. {remedy(self._path, number)}")
        return item

    def _lines_before(self, offset: int) -> int:
        return os.pread(self._file.fileno(), offset, 0).count(b"\n")


class _Id(msgspec.Struct):
    id: str
