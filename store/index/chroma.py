"""The Chroma collections of a bank: vectors of its questions, with a hash of what was embedded, and a checksum.

Chroma scales each vector to length 1 once more, so that bits may differ: the checksum of a vector is its product with
fixed weights of 1 to 2, which any change of a number by more than `_CHECK` shows. A vector that fails it is not there.

Chroma reads a whole collection into memory to hand out one vector. So a bank is cut into collections of `shard_rows`
questions, in questions order; an embedded Chroma has one of them open at a time.
"""

import shutil
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.store.index.place import Place

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

_MAX_BATCH = 5_461  # what Chroma takes at once
_BATCH_FLOATS = 1 << 18  # Chroma hands out Python floats, 32 bytes each
_SHARD_BYTES = 16 << 20
_CHECK = 1e-5
DAMAGED = "damaged"  # in the place of a hash
REPLACED = "replaced"  # how the index is called that is built anew on request
_SPARE = 16 << 20  # bytes that are left free on the disk


class BrokenIndexError(BankError):
    """Chroma fails with these files: they may be damaged (see `smacs.store.index.access`)."""


def shard_rows(dimension: int) -> int:
    """Questions in one collection: 16 MiB of float32 vectors."""
    return max(1, _SHARD_BYTES // (4 * dimension))


def batch_rows(dimension: int) -> int:
    """Questions read or written at once."""
    return max(1, min(_MAX_BATCH, _BATCH_FLOATS // dimension))


class Chroma(ABC):
    """The collections of one place."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def read(self, shard: int, ids: list[str]) -> tuple[list[str], NDArray[np.float32]]:
        """Hashes and vectors (m, d) of the ids.

        Where one is missing, an empty hash and a row of zeros; for one that is damaged, `DAMAGED` and its row.
        """
        found = self._collection(shard).get(ids=ids, include=["embeddings", "metadatas"])
        position = {identity: i for i, identity in enumerate(ids)}
        where = [position[identity] for identity in found["ids"]]
        hashes, rows = [""] * len(ids), np.zeros((len(ids), self.place.dimension), np.float32)
        if where:
            rows[where] = found["embeddings"]
            metadatas = [dict(metadata or {}) for metadata in found["metadatas"] or []]
            sound = _sound(rows[where], metadatas)
            for i, metadata, fits in zip(where, metadatas, sound, strict=True):
                hashes[i] = str(metadata.get("hash")) if fits else DAMAGED
        return hashes, rows

    def peek(self, shard: int, ids: list[str]) -> tuple[list[str], NDArray[np.float32]]:
        """As `read`, of a collection that need not be there; none is made."""
        if f"{self.place.collection}-{shard}" in self._names():
            return self.read(shard, ids)
        return [""] * len(ids), np.zeros((len(ids), self.place.dimension), np.float32)

    def write(self, shard: int, ids: list[str], hashes: list[str], rows: NDArray[np.float32]) -> None:
        """Insert or replace the vectors of the ids."""
        checks = _checks(rows).tolist()
        metadatas: Any = [{"hash": value, "check": check} for value, check in zip(hashes, checks, strict=True)]
        self._collection(shard).upsert(ids=ids, embeddings=rows, metadatas=metadatas)

    def keep_only_this(self) -> None:
        """Delete the collections that the bank has for other embedders."""
        bank = self.place.collection.rpartition("-")[0] + "-"
        for name in self._names():
            if name.startswith(bank) and not self._own(name):
                self._client().delete_collection(name)

    @abstractmethod
    def reset(self) -> None:
        """Delete everything of this place."""

    @abstractmethod
    def set_aside(self, why: str) -> str:
        """Give everything of this place another name, which says why and when; the name, empty where nothing was."""

    @abstractmethod
    def drop_replaced(self) -> None:
        """Delete what was set aside because it was `REPLACED`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open."""

    @abstractmethod
    def _client(self) -> "ClientAPI": ...

    def _names(self) -> list[str]:
        return [collection.name for collection in self._client().list_collections()]

    def _own(self, name: str) -> bool:
        return name.rpartition("-")[0] == self.place.collection

    def _collection(self, shard: int) -> "Collection":
        return self._client().get_or_create_collection(
            f"{self.place.collection}-{shard}", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
        )


class ChromaFolder(Chroma):
    """Chroma's files in a folder. One process at a time may use it: two writers destroy it silently."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._open: Any = None
        self._shard = -1

    def reset(self) -> None:
        """Delete the folder."""
        self.close()
        shutil.rmtree(self.place.chroma, ignore_errors=True)

    def set_aside(self, why: str) -> str:
        """Rename the folder. Raises OSError."""
        self.close()
        if not self.place.chroma.exists():
            return ""
        return str(self.place.chroma.rename(self.place.chroma.with_name(f"chroma.{why}-{now()}")))

    def drop_replaced(self) -> None:
        """Delete the folders."""
        for folder in self.place.folder.glob(f"chroma.{REPLACED}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def write(self, shard: int, ids: list[str], hashes: list[str], rows: NDArray[np.float32]) -> None:
        """Insert or replace the vectors of the ids. Raises BankError where the disk is nearly full."""
        self._check_room()
        super().write(shard, ids, hashes, rows)

    def _check_room(self) -> None:
        """Chroma destroys its vector files when the disk is full while it writes them anew, every 1,000 rows."""
        largest = max(
            (512 * file.stat().st_blocks for file in self.place.chroma.rglob("*")), default=0
        )  # holes left out
        needed = _SPARE + 2 * (largest + 1_000 * 4 * self.place.dimension)
        free = shutil.disk_usage(self.place.folder).free
        if free < needed:
            raise BankError(
                f"{self.place.folder} is nearly full: {free >> 20} MiB are free, the index needs {needed >> 20} MiB to "
                "go on. What was written before is safe: make room, and start again."
            )

    def close(self) -> None:
        """Let go of the open collection."""
        if self._open is not None:
            self._open.close()
        self._open, self._shard = None, -1

    def _collection(self, shard: int) -> "Collection":
        if shard != self._shard:
            self.close()
            self._shard = shard
        return super()._collection(shard)

    def _client(self) -> "ClientAPI":
        import chromadb
        from chromadb.config import Settings

        if self._open is None:
            self._open = chromadb.PersistentClient(str(self.place.chroma), Settings(anonymized_telemetry=False))
        return cast("ClientAPI", self._open)


def now() -> str:
    """The time as a part of a name."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def are_unit(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows have length 1; NaN has not."""
    near: NDArray[np.bool_] = np.abs(np.linalg.norm(rows, axis=1) - 1) < 1e-3
    return near


def _sound(rows: NDArray[np.float32], metadatas: list[dict[str, Any]]) -> NDArray[np.bool_]:
    """Which rows are what was written; of an older version's rows it is known only that they have length 1."""
    said = [metadata.get("check") for metadata in metadatas]
    checks = np.array([np.nan if value is None else value for value in said], np.float64)
    sound: NDArray[np.bool_] = are_unit(rows) & ~(np.abs(_checks(rows) - checks) > _CHECK)
    return sound


def _checks(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    at = np.arange(1, rows.shape[1] + 1)
    weights = (1 + at * 0.6180339887498949 % 1) * np.where(at % 2, 1.0, -1.0)
    return np.asarray(rows.astype(np.float64) @ weights)
