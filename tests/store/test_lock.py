"""One writer at a time."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from smacs.errors import BankError, BankLockedError
from smacs.store.io.lock import write_lock

Script = Callable[..., subprocess.Popen[str]]

HOLD = """
import sys
from pathlib import Path
from smacs.store.io.lock import write_lock
with write_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_writer_is_told_who_the_first_is(tmp_path: Path, script: Script) -> None:
    holder = script(HOLD, str(tmp_path))
    assert line(holder) == "held"
    with (
        pytest.raises(BankLockedError, match=rf"is being written by pid {holder.pid} on .+ since 20"),
        write_lock(tmp_path),
    ):
        pass
    with write_lock(tmp_path, "another"):
        pass
    holder.communicate("")
    with write_lock(tmp_path):
        assert f"pid {os.getpid()} " in (tmp_path / "write.lock.holder").read_text()
    assert not (tmp_path / "write.lock.holder").exists()


def test_a_dead_writer_is_no_obstacle(tmp_path: Path, script: Script) -> None:
    holder = script(HOLD, str(tmp_path))
    assert line(holder) == "held"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with write_lock(tmp_path):
        pass


def test_two_writers_in_one_process(tmp_path: Path) -> None:
    with write_lock(tmp_path):
        with pytest.raises(BankLockedError, match=f"pid {os.getpid()} "), write_lock(tmp_path):
            pass
        with pytest.raises(BankLockedError), write_lock(tmp_path, wait=0.01):
            pass


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BankError, match="cannot be written to"), write_lock(tmp_path / "file"):
        pass
