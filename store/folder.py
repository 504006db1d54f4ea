"""The folder of a question bank: its manifest, and where its files are (see `manifest`, `records`, `io.jsonl`)."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.pool.config import EmbedderSpec
from smacs.store.io.files import stamp
from smacs.store.io.jsonl import read_jsonl
from smacs.store.manifest import FILE as MANIFEST
from smacs.store.manifest import Manifest, read_manifest
from smacs.store.records import Cell


class BankFolder:
    """A bank's folder, whose manifest has been read and nothing else."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._manifest_stamp = stamp(path / MANIFEST)

    def refresh(self) -> None:
        """Read the manifest again if another process has changed it (another embedder, another place of the index)."""
        now = stamp(self.path / MANIFEST)
        if now != self._manifest_stamp:
            self.manifest, self._manifest_stamp = read_manifest(self.path), now

    @property
    def embedder(self) -> EmbedderSpec:
        """The embedder this bank is made for."""
        return self.manifest.embedder.spec()

    @property
    def questions_file(self) -> Path:
        """Where the questions are."""
        return self.path / "questions.jsonl"

    @property
    def llms(self) -> list[str]:
        """Names of the LLMs that have an evaluation file, sorted."""
        return sorted(unquote(file.stem) for file in (self.path / "evaluations").glob("*.jsonl"))

    def evaluation_file(self, llm: str) -> Path:
        """Where the evaluations of one LLM are; its name is percent-encoded."""
        return self.path / "evaluations" / f"{quote(llm, safe='')}.jsonl"

    def column(self, llm: str, ids: Sequence[str]) -> NDArray[np.float32]:
        """One LLM's column of V (eq. 1), shape (N,), in the order of `ids`; NaN where it was never asked.

        Raises BankError.
        """
        file = self.evaluation_file(llm)
        latest = {cell.question: cell.correct for cell in read_jsonl(file, Cell)}
        column = np.array([latest.get(identity, np.nan) for identity in ids], np.float32)
        if np.any((column < 0) | (column > 1)):
            raise BankError(
                f"{file}: expected every `correct` within 0 and 1; the smallest is {np.nanmin(column)}, the largest "
                f"{np.nanmax(column)}."
            )
        return column
