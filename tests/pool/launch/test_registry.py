"""Which servers are up: records of processes that have ended, or whose pid now belongs to another, do not count."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from smacs.pool.launch import registry, servers
from smacs.pool.launch.process import Job, safe_name

SLEEP = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def record(pid: int, created: float, llm: str = "a/b:c") -> registry.Record:
    job = Job(llm, 0, llm, "/models/m.gguf", 4321, command=(), ready=0.0, remedy="")
    return registry.Record(job, pid, created)


def test_a_record_is_found_by_name(cache: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    written = record(sleeper.pid, psutil.Process(sleeper.pid).create_time())
    registry.write(written)
    assert registry.read("a/b:c") == written
    assert registry.read_all() == {"a/b:c": written}
    assert servers.endpoint_of("a/b:c") == "http://127.0.0.1:4321/v1"
    assert servers.endpoint_of("another") is None


def test_down_ends_the_process_and_forgets_it(cache: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    registry.write(record(sleeper.pid, psutil.Process(sleeper.pid).create_time()))
    assert servers.down(["another"]) == []
    assert sleeper.poll() is None
    assert servers.down(["a/b:c"]) == ["a/b:c"]
    assert not psutil.pid_exists(sleeper.pid)
    assert list((cache / "run").glob("*.json")) == []


def test_a_process_that_only_has_the_same_pid_is_left_alone(cache: Path) -> None:
    registry.write(record(os.getpid(), psutil.Process().create_time() - 3600))
    assert servers.endpoint_of("a/b:c") is None
    assert servers.status() == []
    assert servers.down() == []  # and this test goes on
    assert list((cache / "run").glob("*.json")) == []


def test_a_record_of_a_process_that_has_ended_is_cleaned_up(cache: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    registry.write(record(sleeper.pid, psutil.Process(sleeper.pid).create_time()))
    sleeper.kill()
    psutil.Process(sleeper.pid).wait(10)
    assert servers.status() == []
    assert servers.up({}) == {}
    assert list((cache / "run").glob("*.json")) == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": 1}', b"\xff"])
def test_a_broken_record_counts_as_none(cache: Path, content: bytes) -> None:
    (cache / "run").mkdir(parents=True)
    (cache / "run" / "x.json").write_bytes(content)
    assert registry.read_all() == {}
    assert servers.down() == []
    assert list((cache / "run").glob("*.json")) == []


def test_names_become_one_file_name_each() -> None:
    names = ["a/b", "a_b", "a%2Fb", "../x", "a b", "c:d", "ä"]
    made = [safe_name(name) for name in names]
    assert len(set(made)) == len(names)
    assert not any("/" in name or ":" in name for name in made)
