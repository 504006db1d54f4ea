"""Runs Python programs of unknown origin: bubblewrap, namespaces, a system call filter, resource limits.

Inside there is no network, no other process, no environment, no /proc, no file but a read-only /usr and Python
and an empty /tmp in memory. New processes are refused, threads are not. Everything dies with the caller.

What neither the filter nor a limit can count is looked at from outside: files in /tmp, of which each takes a kilobyte
of the kernel's memory however empty it is, and threads, which the limit counts for everybody but root.
"""

import os
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from smacs.errors import GradingError
from smacs.store.graders.sandbox import bwrap, seccomp

MOST_FILES = 5_000  # in /tmp
MOST_THREADS = 256
_LOOK = 0.02  # seconds between two looks at them
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: the system writes them beside a message

# Limits are set by the program's own process before it is run: bubblewrap itself must not be bound by them.
# The byte that it sends proves that the sandbox came up, which its exit status cannot; the byte that comes back, that
# somebody watches.
_RUNNER = """\
import os, resource, runpy, sys
memory, cpu, size, threads, caller = map(int, sys.argv[1:])
limits = dict(AS=memory, CPU=cpu, FSIZE=size, NPROC=threads, NOFILE=64, CORE=0, MEMLOCK=0, SIGPENDING=64)
for name, value in limits.items():
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))
os.write(caller, b"1")
if not os.read(caller, 1):
    sys.exit("nobody watches")
os.close(caller)
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
        ended = _run(folder, limits, seconds)
        stdout, stderr = (_text(folder / file) for file in ("stdout", "stderr"))
    if isinstance(ended, str):
        return SandboxResult(False, stdout, stderr, ended)
    last = stderr.strip().rsplit("\n", 1)[-1]
    return SandboxResult(ended == 0, stdout, stderr, "" if ended == 0 else last[:300] or f"status {ended}")


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


def _run(folder: Path, limits: tuple[int, ...], seconds: float) -> int | str:
    """Exit status of the program; in words why it was killed."""
    until = time.monotonic() + seconds
    with ExitStack() as stack:
        process, ours = _start(stack, folder, limits)
        pid = _came_up(ours, seconds)
        if pid is None:
            process.kill()
            process.wait()
            message = _text(folder / "stderr").strip() or "it took too long"
            raise GradingError(f"The sandbox did not come up: {message}. {bwrap.REMEDY}")
        watch = stack.enter_context(_watched(pid))
        with suppress(BrokenPipeError):  # it has ended by itself
            ours.send(b"1")
        ended = _wait(process, until, watch)
        return f"not finished after {seconds:g} s" if ended == "" else ended


def _start(stack: ExitStack, folder: Path, limits: tuple[int, ...]) -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """The sandbox, which ends with `stack`, and the line to the process in it."""
    stdin = stack.enter_context((folder / "stdin").open("rb"))
    stdout, stderr = (stack.enter_context((folder / file).open("wb")) for file in ("stdout", "stderr"))
    filter_ = stack.enter_context(_filter())
    ours, theirs = map(stack.enter_context, socket.socketpair())
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    python = ["-I", "-B", "-c", _RUNNER, *map(str, limits), str(theirs.fileno())]
    process = stack.enter_context(
        subprocess.Popen(
            bwrap.command(folder / "program.py", filter_, python),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(theirs.fileno(), filter_),
            env={},
        )
    )
    stack.callback(process.kill)
    theirs.close()
    return process, ours


def _came_up(ours: socket.socket, seconds: float) -> int | None:
    """The pid, as it is called here, of the program's process, which waits for a word; None where there is none."""
    ours.settimeout(seconds)
    try:
        word, notes, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
    except TimeoutError:
        return None
    pid: int = _CREDENTIALS.unpack(notes[0][2])[0] if word else 0
    return pid or None


@contextmanager
def _watched(pid: int) -> Iterator[Callable[[], str]]:
    """Says in words what a program has too much of; "" while it has not."""
    try:
        tmp = os.open(f"/proc/{pid}/root/tmp", os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise GradingError(f"The sandbox cannot be watched: {error}. {bwrap.REMEDY}") from error

    def look() -> str:
        there = os.fstatvfs(tmp)
        if there.f_files - there.f_ffree > MOST_FILES:
            return f"more than {MOST_FILES:,} files"
        with suppress(psutil.Error):  # it has just ended
            if psutil.Process(pid).num_threads() > MOST_THREADS:
                return f"more than {MOST_THREADS} threads"
        return ""

    try:
        yield look
    finally:
        os.close(tmp)


def _wait(process: "subprocess.Popen[bytes]", until: float, watch: Callable[[], str]) -> int | str:
    """Exit status; what there was too much of; "" where the time is over."""
    while (left := until - time.monotonic()) > 0:
        try:
            return process.wait(min(left, _LOOK))
        except subprocess.TimeoutExpired:
            if too_much := watch():
                return too_much
    return ""


def _text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")


@contextmanager
def _filter() -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(seccomp.refusals())
        file.seek(0)
        yield file.fileno()
