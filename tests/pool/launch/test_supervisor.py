"""Restarts by hand arithmetic, and a supervisor in this process that looks after real ones."""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smacs.pool.config import LLMSpec
from smacs.pool.launch import registry, servers, supervisor
from smacs.pool.launch.process import Job, ServerProcess
from smacs.pool.launch.servers import port_of
from smacs.pool.launch.supervisor import MOST, STEADY, Supervisor, in_row, pause

SLEEPS = "import time; time.sleep(300)"
DIES = "raise SystemExit('no memory')"
LIMIT = 30.0


def test_pauses_double_until_it_is_given_up() -> None:
    assert [pause(restarts) for restarts in range(5)] == pytest.approx([1.0, 2.0, 4.0, 8.0, 16.0])
    assert pause(5) is None


def test_a_server_that_has_served_for_long_starts_a_new_row() -> None:
    assert in_row(MOST, STEADY - 1) == MOST
    assert in_row(MOST, STEADY) == 0


@pytest.fixture
def fallen(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], registry.Record]]:
    """A server in the registry that has died, and is started again by running some code; without any pause."""
    monkeypatch.setattr(supervisor, "pause", lambda restarts: 0.0 if restarts < 2 else None)

    def make(code: str) -> registry.Record:
        port = port_of(LLMSpec.model_validate({"endpoints": [], "endpoint": None, "launch": VLLM}), 0, ())
        job = Job("llm", 0, "llm", "weights", port, (sys.executable, "-c", code), 60.0, "Mend it.")
        process = ServerProcess(job)
        registry.write(replace(registry.record_of(job, process.pid), serving=time.time()))
        process.stop()
        found = registry.look_up("llm")
        assert found
        return found

    yield make
    servers.down()


VLLM = {"engine": "vllm", "hub": "owner/name"}


def tick_until(watch: Supervisor, happened: Callable[[registry.Record], bool]) -> registry.Record:
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit:
        assert watch.tick()
        record = registry.look_up("llm")
        if record and happened(record):
            return record
        time.sleep(0.01)
    raise AssertionError(f"not within {LIMIT} s: {registry.look_up('llm')}")


def test_what_died_is_started_again_in_the_same_place(fallen: Callable[[str], registry.Record]) -> None:
    died = fallen(SLEEPS)
    again = tick_until(Supervisor(), lambda record: record.pid != died.pid)
    assert again.process() is not None
    assert (again.job, again.restarts, again.in_row) == (died.job, 1, 1)
    (status,) = servers.status()
    assert (status.alive, status.healthy, status.restarts) == (True, False, 1)


def test_what_dies_again_and_again_is_given_up(fallen: Callable[[str], registry.Record]) -> None:
    fallen(DIES)
    watch = Supervisor()
    record = tick_until(watch, lambda record: bool(record.trouble))
    assert record.restarts == 2
    assert "given up after 2 restarts in a row" in record.trouble and "smacs models up llm" in record.trouble
    assert watch.tick()
    assert registry.look_up("llm") == record
    assert servers.down() == ["llm"]
    assert not watch.tick()


def test_nothing_is_changed_while_another_command_works(fallen: Callable[[str], registry.Record]) -> None:
    died, watch = fallen(SLEEPS), Supervisor()
    with registry.one_at_a_time():
        for _ in range(5):
            assert watch.tick()
    assert registry.look_up("llm") == died
    assert tick_until(watch, lambda record: record.pid != died.pid).process()


def test_a_port_that_is_taken_counts_as_a_try(fallen: Callable[[str], registry.Record]) -> None:
    died, watch = fallen(SLEEPS), Supervisor()
    registry.write(replace(died, serving=time.time() - 2 * STEADY))
    with socket.create_server(("127.0.0.1", died.job.port)):
        record = tick_until(watch, lambda record: bool(record.trouble))
    assert (record.pid, record.restarts) == (died.pid, 0)
