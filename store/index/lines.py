"""Single questions out of questions.jsonl, without reading the rest of it."""

import os
from mmap import ACCESS_READ, mmap
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.store.records import Question


class Lines:
    """The questions, read from their file one at a time. A file that is replaced stays readable here."""

    def __init__(self, file: Path, ends: NDArray[np.int64]) -> None:
        self._file = file.open("rb")
        self._ends = ends
        self._decoder = msgspec.json.Decoder(Question)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, i: int) -> Question:
        return self._decoder.decode(self._line(i))

    def ids(self) -> list[str]:
        """The id of every question; nothing else of them is decoded."""
        decoder, ends = msgspec.json.Decoder(_Id), self._ends.tolist()
        if not ends:
            return []
        with mmap(self._file.fileno(), ends[-1], access=ACCESS_READ) as lines:
            return [decoder.decode(lines[start:end]).id for start, end in zip([0, *ends], ends, strict=False)]

    def _line(self, i: int) -> bytes:
        start = int(self._ends[i - 1]) if i else 0
        return os.pread(self._file.fileno(), int(self._ends[i]) - start, start)


class _Id(msgspec.Struct):
    id: str
