"""What is killed: evaluate and import, which write what cannot be replaced; index and re-embed, which fill Chroma."""

import asyncio
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

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
from smacs.store.index.vector_file import VectorFile, content_hash
from smacs.store.manifest import BankEmbedder
from tools.mock.process import MockServer
from tools.mock.replies import vector
from tools.reliability import material
from tools.reliability.damage import Damage


class Operation(ABC):
    """One operation, against a mock."""

    name: ClassVar[str]
    total: ClassVar[int]  # questions
    mends: ClassVar[frozenset[str]] = frozenset()  # what the next run builds anew by itself, and asks nothing again

    def __init__(self, mock: MockServer) -> None:
        self.mock = mock

    @abstractmethod
    def make(self, path: Path) -> None:
        """A bank on which nothing of the work is done yet."""

    @abstractmethod
    def present(self, bank: QuestionBank) -> set[str]:
        """The questions for which the work is on the disk, and right."""

    def begin(self) -> None:
        """Before each run: the mock forgets what it was asked."""
        self.mock.reset()

    def asked(self) -> Counter[str]:
        """How often this run has asked the mock for each question."""
        return Counter()

    def beside(self, bank: QuestionBank) -> Iterator[Damage]:  # noqa: ARG002
        """Damage to what the operation has no business with."""
        return iter(())


class Evaluate(Operation):
    """An LLM is asked every question, eight at a time."""

    name = "evaluate"
    total = material.ASKED

    def make(self, path: Path) -> None:
        """Questions only."""
        QuestionBank.create(path, material.OLD, material.questions(material.ASKED))

    def begin(self) -> None:
        """Its LLM answers 1, after 5 to 25 ms."""
        super().begin()
        self.mock.set(material.LLM, text="\\boxed{1}", latency=0.005, jitter=0.02)

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions with the right grade."""
        cells = {cell.question: cell.correct for cell in bank.evaluations(material.LLM)}
        return {q.id for q in bank.questions if cells.get(q.id) == float(q.label == "1")}

    def asked(self) -> Counter[str]:
        """By the text of the last message."""
        ids = {question.text: question.id for question in material.questions(material.ASKED)}
        bodies: list[dict[str, Any]] = self.mock.stats().bodies(material.LLM)
        return Counter(ids[body["messages"][-1]["content"]] for body in bodies)


class Import(Operation):
    """Questions with their grades and vectors are merged into an empty bank."""

    name = "import"
    total = material.IMPORTED

    def make(self, path: Path) -> None:
        """A bank without questions."""
        QuestionBank.create(path, material.OLD, [])

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions that have all their grades and their vector."""
        questions, row = bank.questions, {f"q{i}": i for i in range(material.IMPORTED)}
        if not questions:
            return set()
        rows = np.array([row[question.id] for question in questions])
        grades = np.array([[material.grade(i, r) for r in range(len(material.LLMS))] for i in rows])
        right = (bank.correctness(material.LLMS) == grades).all(axis=1)
        embedder = bank.manifest.embedder
        there, vectors = VectorFile(bank.path, embedder).find([content_hash(embedder, q.text) for q in questions])
        right[~there] = False
        same = np.isclose(vectors, material.vectors()[rows[there]], atol=1e-6).all(axis=1)
        right[np.flatnonzero(there)[~same]] = False
        return {question.id for question, whole in zip(questions, right, strict=True) if whole}


class Index(Operation):
    """Every question is embedded, 64 to a request."""

    name = "index"
    total = material.EMBEDDED
    spec = material.OLD
    mends = frozenset({"chroma"})

    def make(self, path: Path) -> None:
        """Questions only."""
        QuestionBank.create(path, material.OLD, material.questions(material.EMBEDDED))

    def begin(self) -> None:
        """The embedder answers after 20 to 60 ms."""
        super().begin()
        self.mock.set(self.spec.model, dimension=material.DIMENSION, latency=0.02, jitter=0.04)

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions whose vector is in Chroma, or beside it."""
        return embedded(bank, self.spec)

    def asked(self) -> Counter[str]:
        """By the texts of all requests."""
        bodies: list[dict[str, Any]] = self.mock.stats().bodies(self.spec.model)
        questions = material.questions(material.EMBEDDED)
        ids = dict(zip(in_template(self.spec, [q.text for q in questions], query=False), questions, strict=True))
        return Counter(ids[text].id for body in bodies for text in body["input"])


class Reembed(Index):
    """An indexed bank gets another embedder; until the last moment it must work with the old one."""

    name = "reembed"
    spec = material.NEW

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
        lost = material.EMBEDDED - len(embedded(bank, bank.embedder))
        if lost:
            yield Damage("lost", lost, f"vectors of {bank.embedder.model}, the bank's embedder")

    async def _index(self, path: Path) -> None:
        embedder = make_embedder(material.OLD.model_copy(update={"endpoint": self.mock.url}))
        await QuestionBank.open(path).load(embedder)
        await embedder.aclose()


def embedded(bank: QuestionBank, spec: EmbedderSpec) -> set[str]:
    """The questions that the index has the right vector of, for one embedder."""
    made_for = BankEmbedder.of(spec)
    place = place_of(bank.path, bank.manifest, made_for)
    texts = in_template(spec, [question.text for question in bank.questions], query=False)
    expected = np.array([orjson.loads(vector(text, material.DIMENSION, False)) for text in texts])
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
