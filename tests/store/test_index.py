"""The Chroma index and the matrix: real Chroma, processes killed for real."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from blockbuster import blockbuster_ctx

from smacs.errors import BankError, BankLockedError, EmbedderMismatchError
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.index import matrix as index
from smacs.store.io.jsonl import JsonlWriter, encode_lines
from smacs.store.io.lock import write_lock
from smacs.store.records import Evaluation, Question
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
Script = Callable[..., subprocess.Popen[str]]
DIMENSION = 16
Forget = Callable[[], None]

BOTH = np.arange(2)


def expected(bank: QuestionBank, embedder: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.stack([embedder.vector(question.text) for question in bank.questions])


async def test_the_matrix_is_in_questions_order(
    make_bank: MakeBank, embedder: Any, forget: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "shard_rows", lambda dimension: 280)  # two collections
    monkeypatch.setattr(index, "batch_rows", lambda dimension: 150)
    bank = make_bank(300)
    steps: list[tuple[int, int]] = []
    view = await bank.load(embedder, on_progress=lambda done, total: steps.append((done, total)))
    assert view.questions.ids() == [f"q{i}" for i in range(300)]
    assert view.questions[2].text == "What is 2 - 1?"
    assert view.datasets.names == [""]
    assert not view.datasets.codes.any()
    assert view.matrix.dtype == np.float32
    assert view.matrix.shape == (300, DIMENSION)
    assert view.matrix.flags.c_contiguous
    np.testing.assert_allclose(view.matrix, expected(bank, embedder), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(view.matrix, axis=1), 1, atol=1e-6)
    assert steps == [(0, 300), (150, 300), (280, 300), (300, 300)]
    assert await bank.load(embedder) is view
    forget()
    again = await QuestionBank.open(bank.path).load(embedder)
    assert len(embedder.seen) == 300  # nothing is embedded twice
    np.testing.assert_array_equal(again.matrix, view.matrix)  # to the last bit, in the next process too


@pytest.mark.usefixtures("chroma_here")
async def test_only_new_and_changed_questions_are_embedded(make_bank: MakeBank, embedder: Any) -> None:
    bank = make_bank(5)
    await bank.load(embedder)
    questions = [*bank.questions, Question(id="new", text="new", label=1)]
    questions[1] = msgspec.structs.replace(questions[1], text="changed")
    questions[2] = msgspec.structs.replace(questions[2], label="another label")
    del questions[0]
    bank.questions_file.write_bytes(encode_lines(questions))
    embedder.seen.clear()
    view = await bank.load(embedder)
    assert embedder.seen == ["changed", "new"]
    assert view.questions.ids() == ["q1", "q2", "q3", "q4", "new"]
    np.testing.assert_allclose(view.matrix[0], embedder.vector("changed"), atol=1e-6)
    await bank.load(embedder, rebuild=True)
    assert len(embedder.seen) == 2 + 5


@pytest.mark.usefixtures("chroma_here")
async def test_new_evaluations_are_seen_without_reading_the_index(make_bank: MakeBank, embedder: Any) -> None:
    bank = make_bank(2)
    with blockbuster_ctx():  # as `langgraph dev` does: no blocking call in the event loop
        first = await bank.load(embedder)
    assert np.isnan(first.correctness(["m"], BOTH)).all()
    with JsonlWriter(bank.evaluation_file("m"), Evaluation) as writer:
        writer.append([Evaluation(question="q1", correct=1.0)])
        second = await bank.load(embedder)
        writer.append([Evaluation(question="q0", correct=0.5)])
    third = await bank.load(embedder)
    assert second.matrix is first.matrix
    np.testing.assert_array_equal(second.correctness(["m", "?"], BOTH), [[np.nan, np.nan], [1, np.nan]])
    np.testing.assert_array_equal(third.correctness(["?", "m"], BOTH), [[np.nan, 0.5], [np.nan, 1]])
    assert third.correctness([], BOTH).shape == (2, 0)


@pytest.mark.usefixtures("chroma_here")
async def test_first_questions_load_once(make_bank: MakeBank, embedder: Any) -> None:
    bank = make_bank(20)

    def in_another_thread() -> list[Any]:
        async def ask() -> list[Any]:
            return list(await asyncio.gather(*(bank.load(embedder) for _ in range(16))))

        return asyncio.run(ask())

    views = [
        view
        for group in await asyncio.gather(*(asyncio.to_thread(in_another_thread) for _ in range(2)))
        for view in group
    ]
    assert len(views) == 32
    assert all(view is views[0] for view in views)
    assert len(embedder.seen) == 20


@pytest.mark.usefixtures("chroma_here")
async def test_who_waits_goes_on_when_the_loader_is_cancelled(make_bank: MakeBank, embedder: Any) -> None:
    bank = make_bank(3)
    embedding, embed = asyncio.Event(), embedder.embed

    async def hang(texts: list[str]) -> Any:
        embedding.set()
        await asyncio.Event().wait()

    embedder.embed = hang
    loader, cancelled, waiter = (asyncio.create_task(bank.load(embedder)) for _ in range(3))
    await embedding.wait()
    cancelled.cancel()
    embedder.embed = embed
    loader.cancel()
    assert (await waiter).questions.ids() == ["q0", "q1", "q2"]
    assert (await asyncio.gather(loader, return_exceptions=True))[0].__class__ is asyncio.CancelledError


@pytest.mark.usefixtures("chroma_here")
async def test_an_error_is_told_to_all_and_not_remembered(make_bank: MakeBank, embedder: Any) -> None:
    bank = make_bank(3)
    lines = bank.questions_file.read_bytes()
    bank.questions_file.write_bytes(b"{\n" + lines)
    results = await asyncio.gather(*(bank.load(embedder) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, BankError) for result in results)
    bank.questions_file.write_bytes(lines)
    assert len(await bank.load(embedder)) == 3


@pytest.mark.usefixtures("chroma_here")
async def test_another_embedder_is_refused(make_bank: MakeBank, make_embedder: Any) -> None:
    bank = make_bank(3)
    with pytest.raises(EmbedderMismatchError, match=r"embedded with 'fake' \(dimension 16.*at hand is 'other'"):
        await bank.load(make_embedder(EmbedderSpec(model="other", dimension=16)))
    with pytest.raises(EmbedderMismatchError, match=r"made for 'fake' \(dimension 16.*gave vectors of dimension 5"):
        await bank.load(make_embedder(EmbedderSpec(model="fake"), gives=5))


@pytest.mark.usefixtures("chroma_here")
async def test_a_bank_without_questions(make_bank: MakeBank, embedder: Any) -> None:
    assert (await make_bank(0).load(embedder)).matrix.shape == (0, DIMENSION)


def delete(chroma: Path) -> None:
    shutil.rmtree(chroma)


def garbage_database(chroma: Path) -> None:
    (chroma / "chroma.sqlite3").write_bytes(b"garbage" * 1000)


def other_lengths(chroma: Path) -> None:
    """Chroma reads this without a word, and gives vectors of length 0."""
    (lengths,) = chroma.rglob("length.bin")
    lengths.write_bytes(bytes(lengths.stat().st_size))


def other_dimension(chroma: Path) -> None:
    import chromadb

    client = chromadb.PersistentClient(str(chroma))
    (name,) = (collection.name for collection in client.list_collections())
    client.delete_collection(name)
    client.create_collection(name, embedding_function=None).add(ids=["q0"], embeddings=np.ones((1, 2), np.float32))
    client.close()  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("damage", [delete, garbage_database, other_lengths, other_dimension])
async def test_a_damaged_index_is_built_anew(
    make_bank: MakeBank, embedder: Any, forget: Forget, damage: Callable[[Path], None]
) -> None:
    bank = make_bank(1100)  # from 1,000 on Chroma writes its vector files
    await bank.load(embedder)
    forget()
    shutil.rmtree(bank.path / "arrays")
    damage(bank.path / "chroma")
    view = await bank.load(embedder)
    np.testing.assert_allclose(view.matrix, expected(bank, embedder), atol=1e-6)
    remade = 1024 if damage is other_lengths else 1100  # where single vectors are damaged, only those
    assert len(embedder.seen) == 1100 + remade


@pytest.mark.usefixtures("chroma_here")
async def test_an_index_in_use_is_waited_for_and_then_named(
    make_bank: MakeBank, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = make_bank(2)
    monkeypatch.setattr(index, "_WAIT", 0.1)
    with write_lock(bank.path, "index"), pytest.raises(BankLockedError, match=f"pid {os.getpid()} "):
        await bank.load(embedder)
    with write_lock(bank.path):  # an evaluation is running: readers are unaffected
        assert len(await bank.load(embedder)) == 2


LOAD = """
import asyncio, sys
from smacs.pool.config import EmbedderSpec
from smacs.pool.embed import make_embedder
from smacs.store.bank import QuestionBank

async def load(path, url):
    bank = QuestionBank.open(path)
    embedder = make_embedder(EmbedderSpec(kind="openai", model="fake", dimension=16, endpoint=url))
    view = await bank.load(embedder, on_progress=lambda done, total: print(done, flush=True))
    print("loaded", *view.matrix.shape, flush=True)

asyncio.run(load(*sys.argv[1:]))
"""


def served(mock: MockServer) -> Any:
    spec = {"kind": "openai", "model": "fake", "dimension": 16, "endpoint": mock.url}
    pool = {"aggregators": ["m"], "llms": {"m": {"endpoint": mock.url}}, "embedder": spec}
    return Pool.from_dict(pool).embedder(EmbedderSpec(model="fake", dimension=16))


@pytest.mark.slow
async def test_kill_while_indexing(make_bank: MakeBank, mock: MockServer, script: Script) -> None:
    bank = make_bank(2000)
    for groups in (1, 3, 2):
        process = script(LOAD, str(bank.path), mock.url)
        assert process.stdout is not None
        for _ in range(1 + groups):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = mock.stats().total.requests
    embedder = served(mock)
    view = await bank.load(embedder)
    again = mock.stats().total.requests - before
    assert again <= (2000 - 6 * 256) / 64 + 1  # six groups of 256 were acknowledged; 64 texts a request
    texts = [question.text for question in bank.questions]
    np.testing.assert_allclose(view.matrix, await embedder.embed(texts), atol=1e-6)
    await embedder.aclose()


@pytest.mark.slow
async def test_two_processes_load_a_new_bank_at_once(make_bank: MakeBank, mock: MockServer, script: Script) -> None:
    bank = make_bank(600)
    both = [script(LOAD, str(bank.path), mock.url) for _ in range(2)]
    outputs = [await asyncio.to_thread(process.communicate) for process in both]
    assert all(output.endswith("loaded 600 16\n") for output, _ in outputs)
    assert mock.stats().total.requests == 10  # 600 texts, 64 a request, 256 a group: embedded by one of them


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_a_read_only_bank_is_indexed_in_the_cache(
    make_bank: MakeBank, mock: MockServer, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = make_bank(3)
    bank.path.chmod(0o555)
    monkeypatch.setenv("SMACS_HOME", str(tmp_path / "home"))
    no_root = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    for _ in ("built", "read"):
        output, errors = script(LOAD, str(bank.path), mock.url, prefix=no_root).communicate()
        assert output.endswith("loaded 3 16\n"), errors
    bank.path.chmod(0o755)
    assert {path.name for path in bank.path.iterdir()} == {".gitignore", "manifest.json", "questions.jsonl"}
    assert len(list((tmp_path / "home" / "indexes").iterdir())) == 1
    assert mock.stats().total.requests == 1


MEMORY = """
import asyncio, resource, sys
import numpy as np
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank

class Random:
    spec = EmbedderSpec(model="fake", dimension=2048)
    async def embed(self, texts, *, query=False):
        rows = np.random.default_rng(len(texts)).standard_normal((len(texts), 2048), np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

bank = QuestionBank.open(sys.argv[1])
bank.questions
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
view = asyncio.run(bank.load(Random()))
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print((peak() - before) / view.matrix.nbytes, children / 2**20)
"""


@pytest.mark.slow
def test_memory_while_loading(tmp_path: Path, script: Script) -> None:
    """128 MiB of vectors: what is held at most beside the program itself, and what the Chroma process takes."""
    questions = [Question(id=f"q{i}", text=str(i), label=1) for i in range(16_384)]
    bank = QuestionBank.create(tmp_path / "large", EmbedderSpec(model="fake", dimension=2048), questions)
    for _ in ("built", "read"):
        output, errors = script(MEMORY, str(bank.path)).communicate()
        assert output, errors
        share, child = map(float, output.split())
        assert share <= 1.3
    assert child <= 300
