"""Vectors that came with the questions: `vectors/<embedder digest>.bin`, part of the bank's truth.

They cannot always be computed again: the embedder may not be at hand. One record for each vector, appended:

    16 bytes  what was embedded, and with what (`content_hash`)
     4 bytes  CRC-32 of the vector's bytes
    4 d bytes the vector, float32, of length 1

The last record of a hash counts. A writer killed in the middle leaves half a record at the end, which readers skip and
the next writer cuts off.
"""

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smacs.store.jsonl import write_all
from smacs.store.manifest import BankEmbedder
from smacs.store.room import writing

_GROUP = 4_096  # rows looked at together: memory


class GivenVectors:
    """The vectors in a bank's folder that belong to one embedder; no file, no vectors."""

    def __init__(self, bank: Path, embedder: BankEmbedder) -> None:
        self.file = bank / "vectors" / f"{embedder.digest}.bin"
        self._record = np.dtype([("hash", ">u8", 2), ("crc", "<u4"), ("row", "<f4", embedder.dimension)])
        self._sorted: tuple[NDArray[np.uint64], NDArray[np.int64]] | None = None

    def find(self, hashes: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which of the m hashes are there, and the vectors (found, d) of those."""
        records = self.records()
        wanted = as_numbers(hashes)
        if not len(records) or not len(wanted):
            return np.zeros(len(wanted), np.bool_), np.empty((0, self._record["row"].shape[0]), np.float32)
        if self._sorted is None or len(self._sorted[0]) != len(records):
            keys = np.ascontiguousarray(records["hash"][:, 0])
            order = np.argsort(keys, kind="stable")  # of equal ones the last comes last
            self._sorted = keys[order], order
        keys, order = self._sorted
        at = np.searchsorted(keys, wanted[:, 0], side="right") - 1
        positions = order[np.maximum(at, 0)]
        found = (at >= 0) & (records["hash"][positions] == wanted).all(axis=1)
        return found, np.ascontiguousarray(records["row"][positions[found]])

    def append(self, hashes: Sequence[str], rows: NDArray[np.floating[Any]]) -> None:
        """Add vectors (m, d) of length 1, all or none; on the disk when this returns. A lock is held.

        Raises BankError where they do not fit.
        """
        whole = np.zeros(len(hashes), self._record)
        whole["hash"] = as_numbers(hashes)
        whole["row"] = rows
        whole["crc"] = checksums(whole["row"])
        end = self.size - self.half
        with writing(self.file):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("ab", buffering=0) as file:
                file.truncate(end)
                try:
                    write_all(file, whole.tobytes())
                except OSError:
                    file.truncate(end)
                    raise

    def forget(self) -> None:
        """Delete them all."""
        self.file.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.stat().st_size if self.file.exists() else 0

    @property
    def half(self) -> int:
        """Bytes after the last whole record."""
        return self.size % self._record.itemsize

    def records(self) -> NDArray[Any]:
        """All whole records, memory-mapped."""
        count = self.size // self._record.itemsize
        if not count:
            return np.empty(0, self._record)
        return np.memmap(self.file, self._record, "r", shape=(count,))

    def broken(self) -> list[int]:
        """Positions of the records whose checksum is wrong."""
        records, wrong = self.records(), list[int]()
        for start in range(0, len(records), _GROUP):
            part = records[start : start + _GROUP]
            wrong += (start + np.flatnonzero(checksums(part["row"]) != part["crc"])).tolist()
        return wrong


def content_hash(made_for: BankEmbedder, text: str) -> str:
    """32 hex digits that say what was embedded, and with what."""
    parts = (made_for.model, made_for.document_template, str(made_for.dimension), text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def as_numbers(hashes: Sequence[str]) -> NDArray[np.uint64]:
    """Content hashes as (m, 2) numbers."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), ">u8").reshape(-1, 2)


def checksums(rows: NDArray[Any]) -> NDArray[np.uint32]:
    """CRC-32 of each row's bytes."""
    return np.array([zlib.crc32(row.tobytes()) for row in rows], np.uint32)
