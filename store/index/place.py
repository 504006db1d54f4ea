"""Where the index of a bank is. All of it is derived from the bank's files, and can be built again."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from smacs.paths import home
from smacs.pool.calls.urls import shown
from smacs.store.manifest import BankEmbedder, Manifest


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` is where arrays, locks and an embedded Chroma live; `server` is the URL of a Chroma server, or empty.

    Vectors of one embedder have collections of their own, `collection-0`, `collection-1`, ...
    """

    folder: Path
    server: str
    collection: str
    dimension: int

    @property
    def chroma(self) -> Path:
        """The folder of an embedded Chroma."""
        return self.folder / "chroma"

    @property
    def arrays(self) -> Path:
        """The folder of the memory-mapped arrays."""
        return self.folder / "arrays"

    def __str__(self) -> str:
        return f"the Chroma server at {shown(self.server)}" if self.server else str(self.chroma)


def place_of(bank: Path, manifest: Manifest, made_for: BankEmbedder | None = None) -> Place:
    """Where `manifest` says the index of the bank in folder `bank` is, for its own embedder or `made_for`."""
    embedder = made_for or manifest.embedder
    prefix = f"smacs-{manifest.uid}" if manifest.chroma else "questions"
    return Place(_writable(bank), manifest.chroma, f"{prefix}-{embedder.digest}", embedder.dimension)


def _writable(bank: Path) -> Path:
    """The bank's own folder, or one in the cache if that cannot be written to."""
    if os.access(bank, os.W_OK):
        return bank
    return home() / "indexes" / hashlib.sha256(str(bank.resolve()).encode()).hexdigest()[:16]
