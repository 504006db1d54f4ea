"""A small bank, an embedder that needs no model, and a process that a test can kill."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from smacs.pool.config import EmbedderSpec
from smacs.store import view
from smacs.store.bank import QuestionBank
from smacs.store.index import access
from smacs.store.index.chroma import ChromaFolder
from smacs.store.index.place import Place
from smacs.store.io.lock import write_lock
from smacs.store.records import Question

DIMENSION = 16  # as the mock's
Script = Callable[..., "subprocess.Popen[str]"]


class FakeEmbedder:
    """Unit vectors that depend on nothing but the text; `seen` are the texts it was given."""

    def __init__(self, spec: EmbedderSpec, gives: int | None = None) -> None:
        self.spec = spec
        self.gives = gives or spec.dimension or 0
        self.seen: list[str] = []

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> npt.NDArray[np.float32]:
        self.seen += texts
        return np.stack([self.vector(text) for text in texts])

    async def aclose(self) -> None: ...

    def vector(self, text: str) -> npt.NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        drawn = np.random.default_rng(seed).standard_normal(self.gives)
        return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder(EmbedderSpec(model="fake", dimension=DIMENSION))


@pytest.fixture
def make_embedder() -> type[FakeEmbedder]:
    return FakeEmbedder


@pytest.fixture
def make_bank(tmp_path: Path) -> Callable[[int], QuestionBank]:
    """A bank of `size` questions; the label of every fourth is 2, of the others 1."""

    def question(i: int) -> Question:
        label = "2" if i % 4 == 3 else "1"
        return Question(id=f"q{i}", text=f"What is {i} - {i - 1}?", label=label, task="math", grader="number")

    def make(size: int) -> QuestionBank:
        spec = EmbedderSpec(model="fake", dimension=DIMENSION)
        return QuestionBank.create(tmp_path / "small", spec, map(question, range(size)))

    return make


@pytest.fixture
def forget() -> Iterator[Callable[[], None]]:
    """Make this process forget the banks it has loaded, as a new process would."""
    yield view._held.clear
    view._held.clear()


class ChromaHere:
    """What `ChromaProcess` does, without a process: starting one takes a second."""

    def __init__(self, place: Place, *, wait: float) -> None:
        self.store = ChromaFolder(place)
        self.lock = write_lock(place.folder, "index", wait=wait)
        self.lock.__enter__()

    def call(self, method: str, *arguments: Any) -> Any:
        return getattr(self.store, method)(*arguments)

    def close(self) -> None:
        self.store.close()
        self.lock.__exit__(None, None, None)


@pytest.fixture
def chroma_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real Chroma and real files, in the test's own process."""
    monkeypatch.setattr(access, "ChromaProcess", ChromaHere)


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    """Start a Python program in a process of its own; what is left of it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
        command = [*prefix, sys.executable, "-c", code, *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
