"""A full disk, a read-only folder, lock files that are none: a clear error, nothing lost, and then it goes on.

Full is a small file system in memory where one can be mounted, and a limit on the size of files anywhere.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smacs.errors import BankError, BankLockedError
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import EvaluationSummary, evaluate
from smacs.store.index.move import new_embedder
from smacs.store.io.jsonl import JsonlWriter, read_jsonl
from smacs.store.io.lock import write_lock
from smacs.store.merge import Found, MergeReport, merge
from smacs.store.records import Cell, Evaluation, Question
from smacs.store.verify import verify
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow  # disks that run full

DIMENSION = 16
SPEC = EmbedderSpec(model="fake", dimension=DIMENSION)
NAME = "org/model 1"
MOST = 40 << 20  # bytes of the file system in memory
Script = Callable[..., subprocess.Popen[str]]


class Memory:
    """A file system of its own, filled up with one large file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def full(self, *, free: int, largest: int) -> Iterator[None]:
        """Nothing but `free` bytes is left."""
        filler = self.path / ".filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(self.path).free - free)
        try:
            yield
        finally:
            filler.unlink()


class Limit:
    """This process and those that it starts cannot write files larger than a limit."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def full(self, *, free: int, largest: int) -> Iterator[None]:
        """No file gets larger than `largest` bytes."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


Disk = Memory | Limit


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MOST}", "smacs-test", str(folder)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a file system in memory can be mounted by root only")
    yield Memory(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(params=["memory", "limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    if request.param == "memory":
        found: Memory = request.getfixturevalue("memory")
        return found
    return Limit(tmp_path)


def questions(count: int) -> list[Question]:
    return [Question(id=f"q{i}", text=f"What is {i}?", label="1", task="math", grader="number") for i in range(count)]


def sound(bank: QuestionBank) -> bool:
    return not [problem for problem in verify(bank.path) if not problem.harmless]


async def test_an_evaluation_on_a_full_disk(disk: Disk, mock: MockServer, make_pool: Callable[..., Pool]) -> None:
    bank = QuestionBank.create(disk.path / "bank", SPEC, questions(30))
    mock.set(NAME, text="word " * 400 + "\\boxed{1}")  # two kilobytes a cell
    llm, prompts = make_pool([NAME], in_flight=3).llms[NAME], Prompts.load()
    told: list[int] = []

    def tell(summary: EvaluationSummary) -> None:
        told.append(summary.done)

    with disk.full(free=20_000, largest=20_000), pytest.raises(BankError, match=r"make room.* start again"):
        await evaluate(bank, llm, prompts, on_progress=tell)
    kept = [cell.question for cell in bank.evaluations(NAME)]
    assert 30 > len(kept) >= told[-1] > 0
    assert bank.evaluation_file(NAME).read_bytes().endswith(b"}\n")
    assert sound(bank)
    assert (await evaluate(bank, llm, prompts)).asked == 30 - len(kept)
    cells = [cell.question for cell in read_jsonl(bank.evaluation_file(NAME), Cell)]
    assert cells[: len(kept)] == sorted(kept, key=cells.index)
    assert sorted(cells) == sorted(question.id for question in bank.questions)


def found(count: int) -> Iterator[Found]:
    for i, question in enumerate(questions(count)):
        row = np.zeros(DIMENSION)
        row[i % DIMENSION] = 1
        yield Found(question, {"a": Evaluation(question="", correct=1.0)}, row)


def test_an_import_on_a_full_disk(disk: Disk) -> None:
    bank = QuestionBank.create(disk.path / "bank", SPEC, [])
    told: list[int] = []

    def tell(report: MergeReport) -> None:
        told.append(report.questions_new)

    with disk.full(free=300_000, largest=120_000), pytest.raises(BankError, match=r"make room.* start again"):
        merge(bank, found(3000), on_progress=tell)
    assert told == [1000]
    assert len(QuestionBank.open(bank.path).questions) >= 1000
    assert len(bank.evaluations("a")) >= 1000
    assert sound(bank)
    report = merge(bank, found(3000))
    assert report.conflicts == report.labels_differ == 0
    assert len(bank.questions) == len(bank.evaluations("a")) == 3000
    assert bank.evaluation_file("a").read_bytes().count(b"\n") == 3000
    (file,) = (bank.path / "vectors").iterdir()
    assert file.stat().st_size == 3000 * (16 + 4 + 4 * DIMENSION)
    assert [problem for problem in verify(bank.path) if problem.where != "chroma"] == []


def test_a_new_bank_on_a_full_disk(disk: Disk) -> None:
    with disk.full(free=50_000, largest=50_000):
        before = sorted(disk.path.iterdir())
        with pytest.raises(BankError, match=r"bank cannot be made \(.*make room"):
            QuestionBank.create(disk.path / "bank", SPEC, questions(5000))
        assert sorted(disk.path.iterdir()) == before
    assert len(QuestionBank.create(disk.path / "bank", SPEC, questions(5000)).questions) == 5000


def test_a_lock_on_a_full_disk(disk: Disk) -> None:
    with disk.full(free=0, largest=0), pytest.raises(BankError, match="cannot be written to"), write_lock(disk.path):
        pytest.fail("nobody could be told who holds it")
    with write_lock(disk.path):
        pass


def test_a_writer_goes_on_when_there_is_room_again(disk: Disk) -> None:
    file = disk.path / "e.jsonl"
    small, large = (Evaluation(question=name, correct=1, response="x" * size) for name, size in (("s", 9), ("l", 9999)))
    with JsonlWriter(file, Evaluation) as writer:
        writer.append([small])
        before = file.read_bytes()
        with disk.full(free=0, largest=5000), pytest.raises(BankError, match=r"e\.jsonl cannot be written to"):
            writer.append([large])
        assert file.read_bytes() == before
        writer.append([large])
    assert list(read_jsonl(file, Evaluation)) == [small, large]


@pytest.mark.usefixtures("chroma_here")
async def test_the_arrays_on_a_full_disk(disk: Disk, embedder: Any, forget: Callable[[], None]) -> None:
    bank = QuestionBank.create(disk.path / "bank", SPEC, questions(4000))
    with disk.full(free=150_000, largest=150_000), pytest.raises(BankError, match="Make room"):
        await bank.load(embedder)  # 256 kB: written to a file with holes, they would end this process
    assert embedder.seen == []
    assert list((bank.path / "arrays").iterdir()) == []
    assert len(await bank.load(embedder)) == 4000


@pytest.mark.usefixtures("chroma_here")
async def test_a_new_column_on_a_full_disk(disk: Disk, embedder: Any) -> None:
    bank = QuestionBank.create(disk.path / "bank", SPEC, questions(4000))
    await bank.load(embedder)
    with JsonlWriter(bank.evaluation_file("a"), Evaluation) as writer:
        writer.append(Evaluation(question=question.id, correct=1.0) for question in bank.questions)
    with disk.full(free=0, largest=100):
        assert (await bank.load(embedder)).accuracies == {"a": 1.0}  # kept in memory only
    assert list(bank.path.glob("arrays/*/columns/*")) == []


def fill_up(stack: ExitStack, disk: Memory, *, at: int, free: int) -> Callable[[int, int], None]:
    """A progress callback that fills the disk when `at` vectors are there."""

    def tell(done: int, total: int) -> None:
        if done == at:
            stack.enter_context(disk.full(free=free, largest=0))

    return tell


@pytest.mark.slow
async def test_an_index_on_a_disk_that_gets_full(memory: Memory, embedder: Any, forget: Callable[[], None]) -> None:
    bank = QuestionBank.create(memory.path / "bank", SPEC, questions(2000))
    with ExitStack() as stack, pytest.raises(BankError, match=r"nearly full: \d MiB are free.* make room"):
        await bank.load(embedder, on_progress=fill_up(stack, memory, at=1280, free=2 << 20))
    assert len(embedder.seen) == 1280 + 256
    assert sound(bank)
    view = await bank.load(embedder)
    assert embedder.seen == [question.text for question in bank.questions]  # each of them once
    np.testing.assert_allclose(view.matrix, np.stack([embedder.vector(q.text) for q in bank.questions]), atol=1e-6)


@pytest.mark.slow
async def test_an_index_whose_files_may_not_grow(tmp_path: Path, embedder: Any, forget: Callable[[], None]) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, questions(2000))
    with Limit(tmp_path).full(free=0, largest=400_000), pytest.raises(BankError, match=r"File too large.* make room"):
        await bank.load(embedder)
    assert len(embedder.seen) < 2000  # it was not tried again with a new index
    view = await bank.load(embedder)
    np.testing.assert_allclose(view.matrix, np.stack([embedder.vector(q.text) for q in bank.questions]), atol=1e-6)


@pytest.mark.slow
async def test_another_embedder_on_a_disk_that_gets_full(
    memory: Memory, embedder: Any, make_embedder: Any, forget: Callable[[], None]
) -> None:
    bank = QuestionBank.create(memory.path / "bank", SPEC, questions(1500))
    before = np.array((await bank.load(embedder)).matrix)
    forget()
    other = make_embedder(EmbedderSpec(model="other", dimension=DIMENSION))
    with ExitStack() as stack, pytest.raises(BankError, match="room"):
        await new_embedder(bank, other, fill_up(stack, memory, at=768, free=2 << 20))
    assert len(other.seen) == 768 + 256
    assert QuestionBank.open(bank.path).embedder.model == "fake"
    assert sound(bank)
    np.testing.assert_array_equal((await bank.load(None)).matrix, before)
    with ExitStack() as stack, pytest.raises(BankError, match="room"):
        await new_embedder(bank, other, fill_up(stack, memory, at=1500, free=0))  # the manifest may be the new one
    assert sound(QuestionBank.open(bank.path))
    await new_embedder(bank, other, lambda done, total: None)
    assert other.seen == [question.text for question in bank.questions]
    assert QuestionBank.open(bank.path).embedder.model == "other"
    assert list(verify(bank.path)) == []


def stop_at(at: int) -> Callable[[int, int], None]:
    """A progress callback that ends everything when `at` vectors are there."""

    def tell(done: int, total: int) -> None:
        if done == at:
            raise ZeroDivisionError

    return tell


@pytest.mark.usefixtures("chroma_here")
@pytest.mark.parametrize(("damaged", "again"), [(False, 0), (True, 1)])
async def test_vectors_are_kept_until_the_index_is_complete(
    tmp_path: Path, embedder: Any, forget: Callable[[], None], damaged: bool, again: int
) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, questions(300))
    with pytest.raises(ZeroDivisionError):
        await bank.load(embedder, on_progress=stop_at(256))
    shutil.rmtree(bank.path / "chroma")
    (kept,) = bank.path.glob("arrays/.embedded/vectors/*")
    if damaged:
        kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    view = await bank.load(embedder)
    assert len(embedder.seen) == 300 + again
    np.testing.assert_allclose(view.matrix, np.stack([embedder.vector(q.text) for q in bank.questions]), atol=1e-6)
    assert not kept.exists()


@pytest.mark.slow
async def test_a_chroma_that_breaks_while_the_index_is_built_costs_no_vector(
    tmp_path: Path, embedder: Any, forget: Callable[[], None]
) -> None:
    """As when it is killed itself while it writes its files: they cannot be read any more."""
    bank = QuestionBank.create(tmp_path / "bank", SPEC, questions(1500))
    with pytest.raises(ZeroDivisionError):
        await bank.load(embedder, on_progress=stop_at(1280))
    (bank.path / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    view = await bank.load(embedder)
    assert embedder.seen == [question.text for question in bank.questions]  # each of them once
    np.testing.assert_allclose(view.matrix, np.stack([embedder.vector(text) for text in embedder.seen]), atol=1e-6)
    assert not list(bank.path.glob("arrays/.embedded/vectors/*"))  # Chroma and the arrays have them now
    assert sound(bank)


READ_ONLY = """
import asyncio, sys
from pathlib import Path
from smacs.pool.config import EmbedderSpec
from smacs.errors import SmacsError
from smacs.pool.calls.llm import LLM
from smacs.pool.config import LLMSpec
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate import evaluate
from smacs.store.index.move import new_embedder
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question

class Embedder:
    spec = EmbedderSpec(model="fake", dimension=16)

bank = QuestionBank.open(sys.argv[1])
llm = LLM("a", LLMSpec(endpoint="http://127.0.0.1:9/v1"))
found = [Found(Question(id="new", text="new", label="1"), {"a": Evaluation(question="", correct=1.0)})]
for name, do in {
    "evaluate": lambda: asyncio.run(evaluate(bank, llm, Prompts.load())),
    "merge": lambda: merge(bank, found),
    "reembed": lambda: asyncio.run(new_embedder(bank, Embedder(), print)),
    "index": lambda: asyncio.run(bank.load(Embedder())),
    "create": lambda: QuestionBank.create(bank.path / "inside", bank.embedder, []),
}.items():
    try:
        if name in sys.argv[2:]:
            do()
    except SmacsError as error:
        print(name, type(error).__name__, error)
"""


def run_without_rights(script: Script, bank: Path, *operations: str) -> str:
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may write anywhere, and there is no setpriv")
    no_root = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    output, errors = script(READ_ONLY, str(bank), *operations, prefix=no_root).communicate()
    assert "Traceback" not in errors
    return output


def test_a_read_only_folder(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, questions(3))
    with bank.questions_file.open("ab") as file:
        file.write(b'{"id":"half')
    before = {file: file.read_bytes() for file in bank.path.rglob("*") if file.is_file()}
    monkeypatch.setenv("SMACS_HOME", str(bank.path / "home"))  # else the index is built there
    bank.path.chmod(0o555)
    operations = ["evaluate", "merge", "reembed", "index", "create"]
    lines = run_without_rights(script, bank.path, *operations).splitlines()
    bank.path.chmod(0o755)
    assert [line.split()[:2] for line in lines] == [[operation, "BankError"] for operation in operations]
    assert all(str(bank.path) in line and "(Permission denied)" in line for line in lines)
    assert {file: file.read_bytes() for file in bank.path.rglob("*") if file.is_file()} == before


def test_a_read_only_file(tmp_path: Path, script: Script) -> None:
    bank = QuestionBank.create(tmp_path / "bank", SPEC, questions(3))
    file = bank.evaluation_file("a")
    file.parent.mkdir()
    file.write_text('{"question":"q0","correct":1}\n{"question":"q1","corr')
    file.chmod(0o444)
    before = file.read_bytes()
    for line in run_without_rights(script, bank.path, "evaluate", "merge").splitlines():
        assert line.split()[1] == "BankError"
        assert f"{file} cannot be written to (Permission denied)" in line
    assert file.read_bytes() == before


def test_lock_files_that_are_none(tmp_path: Path) -> None:
    note, lock = tmp_path / "write.lock.holder", tmp_path / "write.lock"
    with write_lock(tmp_path):
        note.write_bytes(b"\xff\x00garbage")
        with pytest.raises(BankLockedError, match="being written by"), write_lock(tmp_path):
            pass
        note.unlink()
        note.mkdir()
        with pytest.raises(BankLockedError, match="another process"), write_lock(tmp_path):
            pass
    with pytest.raises(BankError, match=r"holder cannot be written to \(Is a directory\)"), write_lock(tmp_path):
        pass
    note.rmdir()
    lock.unlink(missing_ok=True)
    lock.write_bytes(b"\x00" * 100)
    with write_lock(tmp_path):
        pass
    lock.unlink(missing_ok=True)
    lock.mkdir()
    with pytest.raises(BankError, match="cannot be written to"), write_lock(tmp_path):
        pass
