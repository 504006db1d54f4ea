"""Index and re-embed: the operations that fill Chroma."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from smacs.errors import BankError
from smacs.pool.config import EmbedderSpec
from smacs.pool.embed import in_template, make_embedder
from smacs.store.bank import QuestionBank
from smacs.store.index.access import access
from smacs.store.index.matrix import kept_vectors
from smacs.store.index.place import Place, place_of
from smacs.store.index.vector_file import content_hash
from smacs.store.manifest import BankEmbedder
from tools.mock.handle import MockServer
from tools.mock.vectors import vector
from tools.reliability import made
from tools.reliability.damage import Damage
from tools.reliability.operation import Operation


class Index(Operation):
    """Every question is embedded, 64 to a request."""

    name = "index"
    total = made.EMBEDDED
    spec = made.OLD
    mends = frozenset({"chroma"})

    def make(self, path: Path) -> None:
        """Questions only."""
        QuestionBank.create(path, made.OLD, made.questions(made.EMBEDDED))

    def begin(self) -> None:
        """The embedder answers after 20 to 60 ms."""
        super().begin()
        self.mock.set(self.spec.model, dimension=made.DIMENSION, latency=0.02, jitter=0.04)

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions whose vector is in Chroma, or beside it."""
        return embedded(bank, self.spec)

    def asked(self) -> Counter[str]:
        """By the texts of all requests."""
        bodies: list[dict[str, Any]] = self.mock.stats().bodies(self.spec.model)
        questions = made.questions(made.EMBEDDED)
        ids = dict(zip(in_template(self.spec, [q.text for q in questions], query=False), questions, strict=True))
        return Counter(ids[text].id for body in bodies for text in body["input"])


class Reembed(Index):
    """An indexed bank gets another embedder; until the last moment it must work with the old one."""

    name = "reembed"
    spec = made.NEW

    def __init__(self, mock: MockServer) -> None:
        super().__init__(mock)
        self._indexed: Path | None = None

    def make(self, path: Path) -> None:
        """A copy of a bank that was indexed once."""
        if self._indexed is None:
            self._indexed = path.with_name("indexed")
            super().make(self._indexed)
            asyncio.run(self._index(self._indexed))
        shutil.copytree(self._indexed, path)

    def beside(self, bank: QuestionBank) -> Iterator[Damage]:
        """Vectors of the embedder that is still the bank's."""
        lost = made.EMBEDDED - len(embedded(bank, bank.embedder))
        if lost:
            yield Damage("lost", lost, f"vectors of {bank.embedder.model}, the bank's embedder")

    async def _index(self, path: Path) -> None:
        embedder = make_embedder(made.OLD.model_copy(update={"endpoint": self.mock.url}))
        await QuestionBank.open(path).load(embedder)
        await embedder.aclose()


def embedded(bank: QuestionBank, spec: EmbedderSpec) -> set[str]:
    """The questions that the index has the right vector of, for one embedder."""
    made_for = BankEmbedder.of(spec)
    place = place_of(bank.path, bank.manifest, made_for)
    texts = in_template(spec, [question.text for question in bank.questions], query=False)
    expected = np.array([orjson.loads(vector(text, made.DIMENSION, False)) for text in texts])
    wanted = [content_hash(made_for, question.text) for question in bank.questions]
    found, rows = _in_chroma(place, [question.id for question in bank.questions])
    right = (np.array(found) == wanted) & np.isclose(rows, expected, atol=1e-5).all(axis=1)
    there, kept = kept_vectors(place, made_for).find(wanted)
    right[there] |= np.isclose(kept, expected[there], atol=1e-5).all(axis=1)
    return {question.id for question, same in zip(bank.questions, right, strict=True) if same}


def _in_chroma(place: Place, ids: list[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Hashes and vectors; empty ones where Chroma cannot be read."""
    try:
        opened = access(place, wait=10)
        try:
            found: tuple[list[str], NDArray[np.float32]] = opened.call("peek", 0, ids)
            return found
        finally:
            opened.close()
    except BankError:
        return [""] * len(ids), np.zeros((len(ids), place.dimension), np.float32)
