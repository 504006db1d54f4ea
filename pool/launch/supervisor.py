"""The supervisor: restarts the servers of `smacs models up` that die. `python -m smacs.pool.launch.supervisor`.

One detached process for all servers of one SMACS_HOME. It owns nothing: the servers are in the registry, they go on
when it is killed, and `down` and `status` do not need it. It ends when there is no server left. While `up` or `down`
works, which the registry's lock says, it changes nothing. A server that died is started again soon, then later and
later, then not any more.

`is_on`, `ensure` and `stop` are for other processes; they are called with the registry's lock held.
"""

import logging
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psutil
from filelock import Timeout

from smacs.errors import ServerError
from smacs.pool.launch import registry
from smacs.pool.launch.process import STOP_GRACE, ServerProcess, is_healthy, open_log
from smacs.pool.launch.registry import Record, find_process, run_folder

POLL = 0.5  # seconds
FIRST_PAUSE = 1.0  # seconds before the first restart in a row; twice as long before each further one
LONGEST_PAUSE = 60.0
MOST = 5  # restarts in a row
STEADY = 600.0  # seconds: a server that has served for so long starts a new row

log = logging.getLogger("smacs.supervisor")


def is_on() -> bool:
    """Whether a supervisor is running."""
    return _process() is not None


def ensure() -> None:
    """Start a supervisor, unless one is running."""
    if is_on():
        return
    with open_log(log_path()) as stream:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "smacs.pool.launch.supervisor"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=run_folder(),
            start_new_session=True,
        )
    _path().write_bytes(msgspec.json.encode([process.pid, psutil.Process(process.pid).create_time()]))


def stop() -> None:
    """End the supervisor; the servers that it has started go on."""
    if process := _process():
        process.kill()
        psutil.wait_procs([process], timeout=STOP_GRACE)
    forget()


def forget() -> None:
    """Note that no supervisor is running."""
    _path().unlink(missing_ok=True)


def log_path() -> Path:
    """The log of what the supervisor did."""
    return run_folder() / "supervisor.log"


def _path() -> Path:
    return run_folder() / "supervisor"


def _process() -> psutil.Process | None:
    try:
        return find_process(*msgspec.json.decode(_path().read_bytes(), type=tuple[int, float]))
    except (OSError, msgspec.MsgspecError):
        return None


def main() -> None:
    """Look after the servers until there is none."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    supervisor = Supervisor()
    while _tick(supervisor) or not _leave():
        time.sleep(POLL)


def _tick(supervisor: "Supervisor") -> bool:
    try:
        return supervisor.tick()
    except OSError:  # a full disk, say: better to go on than to leave the servers alone
        log.exception("could not look after the servers this time")
        return True


def _leave() -> bool:
    """Whether there is no server left, with the lock held so that nobody starts one; then that is noted."""
    with suppress(Timeout), registry.one_at_a_time(timeout=0):
        if not registry.holds_any():
            forget()
            return True
    return False


class Supervisor:
    """Looks after the servers, one `tick` at a time."""

    def __init__(self) -> None:
        self._due: dict[tuple[str, int], float] = {}
        self._children: list[ServerProcess] = []

    def tick(self) -> bool:
        """Restart what is due; False when there is nothing left to look after."""
        self._children = [child for child in self._children if not child.is_over()]
        for record in registry.read_all().values():
            self._look_at(record)
        for record in registry.read_fallen().values():
            self._revive(record)
        return registry.holds_any()

    def _look_at(self, record: Record) -> None:
        """Note when a server that was restarted serves again; one that never will is killed."""
        if record.serving or not record.job.command:
            return
        if is_healthy(record.job.port):
            log.info("%s serves again", record.name)
            self._change(record, serving=time.time())
        elif time.time() - record.created > record.job.ready:
            log.warning("%s was not ready within %.0f s: killed", record.name, record.job.ready)
            record.kill_workers()

    def _revive(self, record: Record) -> None:
        """Restart a server that has died, when it is time."""
        if record.trouble:
            return
        tries = in_row(record.in_row, time.time() - record.serving if record.serving else 0.0)
        wait = pause(tries)
        if wait is None:
            self._give_up(record, tries)
            return
        due = self._due.get((record.name, record.pid))
        if due is None:
            log.warning("%s has died; starting it again in %.0f s", record.name, wait)
            self._due[record.name, record.pid] = time.monotonic() + wait
        elif time.monotonic() >= due and not _loads_beside(record):
            self._restart(record, tries)

    def _restart(self, record: Record, tries: int) -> None:
        try:
            with registry.one_at_a_time(timeout=0):
                del self._due[record.name, record.pid]
                if registry.look_up(record.name) == record:
                    record.kill_workers()
                    self._start(record, tries + 1)
        except Timeout:
            log.debug("%s: another command is at work", record.name)
        except ServerError as error:
            log.warning("%s", error)
            self._change(record, in_row=tries + 1, serving=0.0)

    def _start(self, record: Record, tries: int) -> None:
        server = ServerProcess(record.job)
        self._children.append(server)
        started = registry.record_of(record.job, server.pid)
        registry.write(replace(started, restarts=record.restarts + 1, in_row=tries))
        server.release()  # not before: what is not in the registry must end with us
        log.info("%s is started again, pid %d", record.name, server.pid)

    def _give_up(self, record: Record, tries: int) -> None:
        trouble = f"given up after {tries} restarts in a row; see its log, then: smacs models up {record.job.llm}"
        log.error("%s: %s", record.name, trouble)
        self._change(record, trouble=trouble)

    def _change(self, record: Record, **fields: Any) -> None:
        """Change what is noted of a server, unless somebody else has done so."""
        with suppress(Timeout), registry.one_at_a_time(timeout=0):
            if registry.look_up(record.name) == record:
                registry.write(replace(record, **fields))


def _loads_beside(record: Record) -> bool:
    """Whether another server is loading on one of its GPUs: vLLM measures the free memory while it starts."""
    others = registry.read_all().values()
    return any(not other.serving and not set(other.job.gpus).isdisjoint(record.job.gpus) for other in others)


def in_row(restarts: int, served: float) -> int:
    """Restarts in a row when a server dies that was restarted `restarts` times and then served for `served` seconds."""
    return 0 if served >= STEADY else restarts


def pause(restarts: int) -> float | None:
    """Seconds to wait after `restarts` restarts in a row; None if the server is given up."""
    return min(FIRST_PAUSE * 2**restarts, LONGEST_PAUSE) if restarts < MOST else None


if __name__ == "__main__":
    main()
