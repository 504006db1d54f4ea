"""What is being written: whole or not there, and nobody else's is swept away, wherever its writer runs."""

import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import BankError, FolderTakenError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.io.draft import draft_file, draft_folder
from smacs.store.records import Question
from smacs.store.verify import verify

Script = Callable[..., "subprocess.Popen[str]"]
SPEC = EmbedderSpec(model="fake", dimension=16)
QUESTION = Question(id="q", text="What?", label="1")
PREFIX = ".made-"

HOLD = """
import os, sys
from pathlib import Path
from smacs.store.io.draft import draft_folder
with draft_folder(Path(sys.argv[1]), sys.argv[2]) as made:
    (made / "half").write_bytes(b"half")
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""
HOLD_FILE = """
import sys
from pathlib import Path
from smacs.store.io.draft import draft_file
with draft_file(Path(sys.argv[1])) as file:
    file.write(sys.argv[2].encode())
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""
BUILD = """
import asyncio, sys
from pathlib import Path
from smacs.store.index.arrays import build_arrays
async def fill(questions, matrix):
    matrix[:] = 1
    print("built", flush=True)
    await asyncio.to_thread(sys.stdin.read)
asyncio.run(build_arrays(Path(sys.argv[1]) / "key", Path(sys.argv[2]), 16, fill))
print("in place", flush=True)
"""
OTHER_PIDS = ["unshare", "--pid", "--fork", "--kill-child"]


def has_namespaces() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*OTHER_PIDS, "true"], capture_output=True).returncode == 0


elsewhere = pytest.mark.skipif(not has_namespaces(), reason="this user may make no PID namespace")


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def halves(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(f"{PREFIX}*/half"))


@pytest.mark.slow
def test_a_killed_writer_is_swept_and_a_living_one_is_not(tmp_path: Path, script: Script) -> None:
    killed, living = (script(HOLD, str(tmp_path), PREFIX) for _ in range(2))
    assert line(killed) and line(living)
    assert len(halves(tmp_path)) == 2
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with draft_folder(tmp_path, PREFIX) as made:
        assert len(halves(tmp_path)) == 1
        assert made.is_dir()
    assert len(halves(tmp_path)) == 1
    living.communicate("")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@elsewhere
def test_a_writer_in_another_container_is_left_alone(tmp_path: Path, script: Script) -> None:
    """Its pid, 1, is that of a process that lives here and has nothing to do with it."""
    writer = script(HOLD, str(tmp_path), PREFIX, prefix=OTHER_PIDS)
    assert line(writer) == "1"
    with draft_folder(tmp_path, PREFIX):
        assert len(halves(tmp_path)) == 1
    writer.kill()  # the namespace goes with it
    writer.communicate()
    with draft_folder(tmp_path, PREFIX):
        assert halves(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("prefix", [[], pytest.param(OTHER_PIDS, marks=elsewhere)])
async def test_arrays_that_another_process_builds_are_left_alone(
    tmp_path: Path, script: Script, prefix: list[str], make_bank: Callable[[int], QuestionBank], embedder: Any
) -> None:
    bank = make_bank(3)
    arrays = bank.path / "arrays"
    builder = script(BUILD, str(arrays), str(bank.questions_file), prefix=prefix)
    assert line(builder) == "built"
    assert len(await bank.load(embedder)) == 3  # builds its own meanwhile
    assert len(list(arrays.glob(".new-*/arrays/matrix.npy"))) == 1
    output, errors = builder.communicate("")
    assert output == "in place\n", errors
    assert list(arrays.glob(".new-*")) == []


def test_a_draft_without_a_lock_is_left_alone_and_named(make_bank: Callable[[int], QuestionBank]) -> None:
    """As versions of smacs made it that told the living from the dead by their pid."""
    bank = make_bank(1)
    old = bank.path / "arrays" / ".new-3999999-abc"
    old.mkdir(parents=True)
    (old / "matrix.npy").write_bytes(b"half")
    with draft_folder(old.parent, ".new-"):
        assert (old / "matrix.npy").exists()
    (problem,) = (problem for problem in verify(bank.path) if problem.where != "chroma")
    assert problem.harmless
    assert problem.where == "arrays/.new-3999999-abc"
    assert f"rm -r {old}" in problem.mend


@pytest.mark.slow
def test_two_write_the_same_file(tmp_path: Path, script: Script) -> None:
    """In containers of their own both may have the same pid: each has a file to itself, and the last one stays."""
    target = tmp_path / "file"
    first, second = script(HOLD_FILE, str(target), "first"), script(HOLD_FILE, str(target), "second, longer")
    assert line(first) == line(second) == "held"
    second.communicate("")
    assert target.read_text() == "second, longer"
    first.communicate("")
    assert target.read_text() == "first"
    killed = script(HOLD_FILE, str(target), "half")
    assert line(killed) == "held"
    killed.kill()
    killed.wait()
    assert target.read_text() == "first"
    with draft_file(target) as file:
        file.write(b"third")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"third"


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ZeroDivisionError), draft_file(tmp_path / "file") as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    with pytest.raises(BankError, match="file/x cannot be written: "), draft_file(tmp_path / "file" / "x"):
        pass


def test_who_makes_a_bank_second_leaves_the_first(tmp_path: Path) -> None:
    path = tmp_path / "bank"
    with (
        pytest.raises(FolderTakenError, match="made by somebody else meanwhile"),
        QuestionBank.draft(path, SPEC, [QUESTION]) as draft,
    ):
        assert not path.exists()
        assert draft.questions == [QUESTION]
        QuestionBank.create(path, SPEC, [])
    assert QuestionBank.open(path).questions == []
    with pytest.raises(FolderTakenError, match="is not empty"):
        QuestionBank.create(path, SPEC, [QUESTION])
    assert list(tmp_path.iterdir()) == [path]


MAKE = """
import sys
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
with QuestionBank.draft(sys.argv[1], EmbedderSpec(model="fake", dimension=16), []):
    print("made", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_a_killed_maker_leaves_no_bank_and_the_next_one_tidies_up(tmp_path: Path, script: Script) -> None:
    path = tmp_path / "bank"
    maker = script(MAKE, str(path))
    assert line(maker) == "made"
    maker.kill()
    maker.wait()
    assert len(list(tmp_path.iterdir())) == 1
    QuestionBank.create(path, SPEC, [])
    assert list(tmp_path.iterdir()) == [path]
