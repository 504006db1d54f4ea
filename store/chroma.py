"""The Chroma collections of a bank: vectors of its questions, with a hash of what was embedded.

Chroma reads a whole collection into memory to hand out one vector. So a bank is cut into collections of `shard_rows`
questions, `questions-0`, `questions-1`, ..., in questions order, and one of them is open at a time.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from smacs.pool.errors import BankError
from smacs.pool.home import home

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api.client import Client

_MAX_BATCH = 5_461  # what Chroma takes at once
_BATCH_FLOATS = 1 << 18  # Chroma hands out Python floats, 32 bytes each
_SHARD_BYTES = 16 << 20


class BrokenIndexError(BankError):
    """The Chroma files cannot be used. They are derived data: built anew from the questions."""


def shard_rows(dimension: int) -> int:
    """Questions in one collection: 16 MiB of float32 vectors."""
    return max(1, _SHARD_BYTES // (4 * dimension))


def batch_rows(dimension: int) -> int:
    """Questions read or written at once."""
    return max(1, min(_MAX_BATCH, _BATCH_FLOATS // dimension))


def index_folder(bank: Path) -> Path:
    """Where the Chroma files of a bank are: in it, or in the cache folder if it cannot be written to."""
    if os.access(bank, os.W_OK):
        return bank / "chroma"
    return home() / "indexes" / hashlib.sha256(str(bank.resolve()).encode()).hexdigest()[:16] / "chroma"


class ChromaFolder:
    """The collections under one folder. One process at a time may use it: two writers destroy it silently."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self.folder = folder
        self.dimension = dimension
        self._client: Client | None = None
        self._shard = -1

    def read(self, shard: int, ids: list[str]) -> tuple[list[str], NDArray[np.float32]]:
        """Hashes and vectors (m, d) of the ids; where one is missing, an empty hash and a row of zeros."""
        found = self._collection(shard).get(ids=ids, include=["embeddings", "metadatas"])
        position = {identity: i for i, identity in enumerate(ids)}
        where = [position[identity] for identity in found["ids"]]
        hashes, rows = [""] * len(ids), np.zeros((len(ids), self.dimension), np.float32)
        for i, metadata in zip(where, found["metadatas"] or [], strict=True):
            hashes[i] = str(metadata["hash"])
        if where:
            rows[where] = found["embeddings"]
        return hashes, rows

    def write(self, shard: int, ids: list[str], hashes: list[str], rows: NDArray[np.float32]) -> None:
        """Insert or replace the vectors of the ids."""
        self._collection(shard).upsert(ids=ids, embeddings=rows, metadatas=[{"hash": value} for value in hashes])

    def reset(self) -> None:
        """Delete everything."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of the open collection."""
        if self._client is not None:
            self._client.close()
        self._client, self._shard = None, -1

    def _collection(self, shard: int) -> "Collection":
        import chromadb
        from chromadb.config import Settings

        if shard != self._shard:
            self.close()
        if self._client is None:
            client = chromadb.PersistentClient(str(self.folder), Settings(anonymized_telemetry=False))
            self._client, self._shard = cast("Client", client), shard
        return self._client.get_or_create_collection(
            f"questions-{shard}", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
        )
