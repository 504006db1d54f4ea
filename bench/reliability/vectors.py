"""Index and re-embed: the operations that fill Chroma."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from smacs.bench.mock.handle import MockServer
from smacs.bench.mock.vectors import vector
from smacs.bench.reliability import made
from smacs.bench.reliability.damage import Damage
from smacs.bench.reliability.operation import Operation
from smacs.pool.config import EmbedderSpec
from smacs.pool.embed import make_embedder, put
from smacs.store.bank import QuestionBank
from smacs.store.index.chroma import ChromaFolder
from smacs.store.index.given import content_hash
from smacs.store.index.place import place_of
from smacs.store.lock import write_lock
from smacs.store.manifest import BankEmbedder


class Index(Operation):
    """Every question is embedded, 64 to a request."""

    name = "index"
    total = made.EMBEDDED
    spec = made.OLD

    def make(self, path: Path) -> None:
        """Questions only."""
        QuestionBank.create(path, made.OLD, made.questions(made.EMBEDDED))

    def begin(self) -> None:
        """The embedder answers after 20 to 60 ms."""
        super().begin()
        self.mock.set(self.spec.model, dimension=made.DIMENSION, latency=0.02, jitter=0.04)

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions whose vector is in Chroma."""
        return embedded(bank, self.spec)

    def asked(self) -> Counter[str]:
        """By the texts of all requests."""
        bodies: list[dict[str, Any]] = self.mock.stats().bodies(self.spec.model)
        questions = made.questions(made.EMBEDDED)
        ids = dict(zip(put(self.spec, [q.text for q in questions], query=False), questions, strict=True))
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
    """The questions that Chroma has the right vector and hash of, for one embedder."""
    made_for, ids = BankEmbedder.of(spec), [question.id for question in bank.questions]
    place = place_of(bank.path, bank.manifest, made_for)
    if not place.chroma.exists():
        return set()
    with write_lock(place.folder, "index", wait=10):
        folder = ChromaFolder(place)
        hashes, rows = folder.peek(0, ids)
        folder.close()
    expected = [content_hash(made_for, question.text) for question in bank.questions]
    texts = put(spec, [question.text for question in bank.questions], query=False)
    vectors = np.array([orjson.loads(vector(text, made.DIMENSION, False)) for text in texts])
    right = np.isclose(rows, vectors, atol=1e-5).all(axis=1)
    return {i for i, found, wanted, same in zip(ids, hashes, expected, right, strict=True) if same and found == wanted}
