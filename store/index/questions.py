"""The questions of a bank without their texts in memory: data set and subject as numbers, the rest on the disk."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, eq=False)
class Categories:
    """One of a few names for each question: `names[codes[i]]`, `codes` int32 (N,)."""

    codes: NDArray[np.int32]
    names: list[str]

    @classmethod
    def of(cls, values: Iterable[str]) -> "Categories":
        """Names in the order in which they first come."""
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(value, len(numbers)) for value in values]
        return cls(np.array(codes, np.int32), list(numbers))


class QuestionLines:
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
