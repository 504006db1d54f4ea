"""The supervisor: restarts the servers of `smacs models up` that die. `python -m smacs.pool.launch.supervisor`.

One detached process for all servers of one SMACS_HOME. It owns nothing: the servers are in the registry, they go on
when it is killed, and `down` and `status` do not need it. It ends when there is no server left. While `up` or `down`
works, which the registry's lock says, it changes nothing.
"""

import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from filelock import Timeout

from smacs.errors import ServerError
from smacs.pool.launch import registry, supervision
from smacs.pool.launch.process import ServerProcess, is_healthy
from smacs.pool.launch.registry import Record
from smacs.pool.launch.restarts import in_row, pause

POLL = 0.5  # seconds

log = logging.getLogger("smacs.supervisor")


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
        log.exception("something went wrong")
        return True


def _leave() -> bool:
    """Whether there is still no server to look after now that nobody can start one, and it is noted."""
    with suppress(Timeout), registry.one_at_a_time(timeout=0):
        if not registry.holds_any():
            supervision.forget()
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


if __name__ == "__main__":
    main()
