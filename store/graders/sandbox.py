"""Runs Python programs of unknown origin: bubblewrap, namespaces, a system call filter, resource limits.

Inside there is no network, no other process, no environment, no /proc, no file but a read-only /usr and Python
and an empty /tmp in memory. New processes are refused, threads are not. Everything dies with the caller.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from smacs.pool.errors import GradingError
from smacs.store.graders import bwrap, seccomp

# Limits are set by the program's own process before it is run: bubblewrap itself must not be bound by them.
# The byte written to the descriptor proves that the sandbox came up, which its exit status cannot.
_RUNNER = """\
import os, resource, runpy, sys
memory, cpu, size, threads, started = map(int, sys.argv[1:])
os.write(started, b"1")
os.close(started)
for name, value in dict(AS=memory, CPU=cpu, FSIZE=size, NPROC=threads, NOFILE=64, CORE=0).items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))
sys.argv[:] = ["/job/program.py"]
runpy.run_path("/job/program.py", run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """How a program ended: `ok` for status 0 in time, else `reason`; output is cut at the limit given."""

    ok: bool
    stdout: str
    stderr: str
    reason: str = ""


def run_python(
    program: str,
    *,
    stdin: str = "",
    seconds: float = 10.0,
    memory_mb: int = 512,
    threads: int = 32,
    output_bytes: int = 1 << 20,
) -> SandboxResult:
    """Run a program as `__main__`, `seconds` at most; raises GradingError when no sandbox comes up."""
    limits = (memory_mb << 20, int(seconds) + 1, output_bytes, threads)
    with tempfile.TemporaryDirectory(prefix="smacs-") as name:
        folder = Path(name)
        for file, text in (("program.py", program), ("stdin", stdin)):
            (folder / file).write_text(text, encoding="utf-8", errors="replace")
        status = _run(folder, limits, seconds)
        stdout, stderr = (_text(folder / file) for file in ("stdout", "stderr"))
    if status is None:
        return SandboxResult(False, stdout, stderr, f"not finished after {seconds:g} s")
    last = stderr.strip().rsplit("\n", 1)[-1]
    return SandboxResult(status == 0, stdout, stderr, "" if status == 0 else last[:300] or f"status {status}")


@cache
def sandbox_available() -> str | None:
    """None when the sandbox works on this machine, else why it does not and what to do."""
    try:
        result = run_python("print('up')", seconds=30)
    except GradingError as error:
        return str(error)
    return None if result.stdout == "up\n" else f"The sandbox does not work: {result.reason}. {bwrap.REMEDY}"


def no_programs() -> str | None:
    """Why programs are not graded here; None where the sandbox works."""
    reason = sandbox_available()
    return reason and f"Programs that answer questions are run, and only in a sandbox. {reason}"


def _run(folder: Path, limits: tuple[int, ...], seconds: float) -> int | None:
    """Exit status of the program, None when it was killed for its time."""
    with ExitStack() as stack:
        stdin = stack.enter_context((folder / "stdin").open("rb"))
        stdout, stderr = (stack.enter_context((folder / file).open("wb")) for file in ("stdout", "stderr"))
        filter_ = stack.enter_context(_filter())
        started, write_end = stack.enter_context(_pipe())
        python = ["-I", "-B", "-c", _RUNNER, *map(str, limits), str(write_end)]
        try:
            status: int | None = subprocess.run(
                bwrap.command(folder / "program.py", filter_, python),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                timeout=seconds,
                pass_fds=(write_end, filter_),
                env={},
            ).returncode
        except subprocess.TimeoutExpired:
            status = None
        if not _has_byte(started):
            message = _text(folder / "stderr").strip() or "it took too long"
            raise GradingError(f"The sandbox did not come up: {message}. {bwrap.REMEDY}")
    return status


def _text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")


def _has_byte(descriptor: int) -> bool:
    os.set_blocking(descriptor, False)
    try:
        return bool(os.read(descriptor, 1))
    except BlockingIOError:
        return False


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    read_end, write_end = os.pipe()
    try:
        yield read_end, write_end
    finally:
        os.close(read_end)
        os.close(write_end)


@contextmanager
def _filter() -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(seccomp.no_new_processes())
        file.seek(0)
        yield file.fileno()
