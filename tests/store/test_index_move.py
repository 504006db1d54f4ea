"""Another embedder, and an index on a real Chroma server."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from smacs.errors import BankLockedError, ChromaServerError, EmbedderMismatchError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.index.move import move_index, new_embedder
from smacs.store.io.lock import write_lock
from smacs.store.manifest import write_manifest
from smacs.store.merge import Found, merge
from smacs.store.records import Question

MakeBank = Callable[[int], QuestionBank]


def silent(done: int, total: int) -> None: ...


@pytest.mark.usefixtures("chroma_here")
async def test_another_embedder(make_bank: MakeBank, embedder: Any, make_embedder: Any) -> None:
    bank = make_bank(5)
    merge(bank, [Found(Question(id="given", text="given"), vector=np.ones(16))])
    bank = QuestionBank.open(bank.path)
    old = await bank.load(embedder)
    other = make_embedder(EmbedderSpec(model="other", dimension=8, document_template="doc: {text}"))
    steps: list[tuple[int, int]] = []
    await new_embedder(bank, other, lambda done, total: steps.append((done, total)))
    assert steps == [(0, 6), (6, 6)]
    opened = QuestionBank.open(bank.path)
    assert (opened.manifest.embedder.model, opened.manifest.embedder.dimension) == ("other", 8)
    view = await opened.load(other)
    assert len(other.seen) == 6  # nothing is embedded twice
    assert view.matrix.shape == (6, 8)
    assert old.matrix.shape == (6, 16)  # who has the old one keeps it
    with pytest.raises(EmbedderMismatchError):
        await bank.load(embedder)  # a process that was running learns of it
    await new_embedder(bank, embedder, silent)
    assert len(embedder.seen) == 10  # back again: the given vector was kept, the five others were not


@pytest.mark.slow
@pytest.mark.usefixtures("chroma_here")
async def test_a_killed_run_goes_on(make_bank: MakeBank, embedder: Any, make_embedder: Any) -> None:
    bank = make_bank(600)
    await bank.load(embedder)
    other = make_embedder(EmbedderSpec(model="other", dimension=8))
    with pytest.raises(RuntimeError, match="killed"):
        await new_embedder(bank, other, killed_after(300))
    assert QuestionBank.open(bank.path).manifest.embedder.model == "fake"  # the bank works as before
    assert (await QuestionBank.open(bank.path).load(embedder)).matrix.shape == (600, 16)
    seen = len(other.seen)
    await new_embedder(bank, other, silent)
    assert (seen, len(other.seen)) == (512, 600)  # two groups of 256 were kept


def killed_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done > count:
            raise RuntimeError("killed")

    return progress


async def test_two_movers_at_once(make_bank: MakeBank, embedder: Any) -> None:
    bank = make_bank(1)
    with write_lock(bank.path, "move"), pytest.raises(BankLockedError, match="pid"):
        await new_embedder(bank, embedder, silent)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://"])
async def test_what_is_no_server(make_bank: MakeBank, url: str) -> None:
    with pytest.raises(InputError, match="Expected the URL of a Chroma server"):
        await move_index(make_bank(1), url, silent)


@pytest.fixture
def chroma_server(tmp_path: Path) -> Iterator[str]:
    """`chroma run` on a free port, up and answering."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(tmp_path / "server")]
    process = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    _answers(url)
    yield url
    process.terminate()
    process.wait()


@retry(stop=stop_after_delay(30), wait=wait_fixed(0.1))
def _answers(url: str) -> None:
    import httpx2

    httpx2.get(f"{url}/api/v2/heartbeat").raise_for_status()


@pytest.mark.slow
async def test_to_a_real_server_and_back(
    make_bank: MakeBank, embedder: Any, forget: Callable[[], None], chroma_server: str
) -> None:
    bank = make_bank(300)
    before = (await bank.load(embedder)).matrix
    assert await move_index(bank, chroma_server, silent)
    assert not (bank.path / "chroma").exists()
    forget()
    opened = QuestionBank.open(bank.path)
    merge(opened, [Found(Question(id="new", text="new"))])
    after = (await opened.load(embedder)).matrix  # another content: read from the server, the new one embedded
    np.testing.assert_allclose(after[:300], before, atol=1e-6)
    assert len(embedder.seen) == 301
    both = await asyncio.gather(*(asyncio.to_thread(_load_anew, bank.path, embedder) for _ in range(2)))
    assert [len(view) for view in both] == [301, 301]
    assert await move_index(bank, "", silent)
    forget()
    np.testing.assert_allclose((await QuestionBank.open(bank.path).load(embedder)).matrix, after, atol=1e-6)
    assert _collections(chroma_server) == 0


def _load_anew(path: Path, embedder: Any) -> Any:
    return asyncio.run(QuestionBank.open(path).load(embedder, rebuild=True))


def _collections(url: str) -> int:
    import chromadb

    return chromadb.HttpClient("127.0.0.1", int(url.rpartition(":")[2])).count_collections()


@pytest.mark.slow
async def test_a_dead_server(make_bank: MakeBank, embedder: Any, forget: Any, chroma_server: str) -> None:
    bank = make_bank(20)
    await bank.load(embedder)
    await move_index(bank, chroma_server, silent)
    merge(bank, [Found(Question(id="new", text="new"))])
    dead = "http://127.0.0.1:9"
    write_manifest(bank.path, msgspec.structs.replace(QuestionBank.open(bank.path).manifest, chroma=dead))
    with pytest.raises(ChromaServerError, match=r"does not answer.*chroma run.*move-index --to folder"):
        await QuestionBank.open(bank.path).load(embedder)
    bank = QuestionBank.open(bank.path)
    assert not await move_index(bank, "", silent)  # the folder can always be had back
    forget()
    assert len(await bank.load(embedder)) == 21
