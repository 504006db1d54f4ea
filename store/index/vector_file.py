"""A file of vectors, found by the hash of what was embedded.

`vectors/<embedder digest>.bin` of a bank holds those that came with its questions. They cannot always be computed
again, because the embedder may not be at hand: they are as precious as the questions. One record a vector, appended:

    16 bytes  what was embedded, and with what (`content_hash`)
     4 bytes  CRC-32 of the hash and the vector; older versions wrote that of the vector alone
    4 d bytes the vector, float32, of length 1

The last record of a hash that is intact counts. A writer killed in the middle leaves half a record at the end, which
readers skip and the next writer cuts off.
"""

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smacs.store.io.files import writing
from smacs.store.io.jsonl import write_all
from smacs.store.manifest import BankEmbedder

_GROUP = 4_096  # rows looked at together: memory


class VectorFile:
    """The vectors of one embedder in a bank's folder; none where there is no file."""

    def __init__(self, bank: Path, embedder: BankEmbedder) -> None:
        self.file = bank / "vectors" / f"{embedder.digest}.bin"
        self._record = np.dtype([("hash", ">u8", 2), ("crc", "<u4"), ("row", "<f4", embedder.dimension)])
        self._sorted: tuple[NDArray[np.uint64], NDArray[np.int64]] | None = None

    def find(self, hashes: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which of the m hashes are there with an intact vector, and those vectors (found, d)."""
        records, positions = self.records(), self._positions(hashes)
        found = positions >= 0
        found[found] = intact(records[positions[found]])
        for i in np.flatnonzero((positions >= 0) & ~found).tolist():  # an older record of the hash may be sound
            same = np.flatnonzero((records["hash"] == records["hash"][positions[i]]).all(axis=1))
            sound = same[intact(records[same])]
            if len(sound):
                positions[i], found[i] = sound[-1], True
        return found, np.ascontiguousarray(records["row"][positions[found]])

    def damaged(self, hashes: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the m hashes are there, but not with an intact vector."""
        return (self._positions(hashes) >= 0) & ~self.find(hashes)[0]

    def _positions(self, hashes: Sequence[str]) -> NDArray[np.int64]:
        """The last record of each of the m hashes, -1 where there is none."""
        records, wanted = self.records(), as_numbers(hashes)
        if not len(records) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        if self._sorted is None or len(self._sorted[0]) != len(records):
            keys = np.ascontiguousarray(records["hash"][:, 0])
            order = np.argsort(keys, kind="stable")  # of equal ones the last comes last
            self._sorted = keys[order], order
        keys, order = self._sorted
        at = np.searchsorted(keys, wanted[:, 0], side="right") - 1
        positions = order[np.maximum(at, 0)]
        return np.where((at >= 0) & (records["hash"][positions] == wanted).all(axis=1), positions, -1)

    def append(self, hashes: Sequence[str], rows: NDArray[np.floating[Any]]) -> None:
        """Add vectors (m, d) of length 1, all or none; on the disk when this returns. A lock is held.

        Raises BankError where they do not fit.
        """
        whole = np.zeros(len(hashes), self._record)
        whole["hash"] = as_numbers(hashes)
        whole["row"] = rows
        whole["crc"] = _checksums(whole)
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
            wrong += (start + np.flatnonzero(~intact(part))).tolist()
        return wrong


def content_hash(made_for: BankEmbedder, text: str) -> str:
    """32 hex digits that say what was embedded, and with what."""
    parts = (made_for.model, made_for.document_template, str(made_for.dimension), text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def as_numbers(hashes: Sequence[str]) -> NDArray[np.uint64]:
    """Content hashes as (m, 2) numbers."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), ">u8").reshape(-1, 2)


def intact(records: NDArray[Any]) -> NDArray[np.bool_]:
    """Which records have the right checksum; one of an older version does not say that its hash is right."""
    wrong: NDArray[np.bool_] = _checksums(records) != records["crc"]
    wrong[wrong] = np.array([zlib.crc32(r["row"].tobytes()) != r["crc"] for r in records[wrong]], np.bool_)
    return np.logical_not(wrong)


def _checksums(records: NDArray[Any]) -> NDArray[np.uint32]:
    values = [zlib.crc32(record["row"].tobytes(), zlib.crc32(record["hash"].tobytes())) for record in records]
    return np.array(values, np.uint32)
