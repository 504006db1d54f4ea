"""Whether a supervisor looks after the servers; starting and stopping it, with the registry's lock held."""

import subprocess
import sys
from pathlib import Path

import msgspec
import psutil

from smacs.pool.launch.process import STOP_GRACE, open_log
from smacs.pool.launch.registry import CLOCK_DRIFT, run_folder


def is_on() -> bool:
    """Whether there is one."""
    return _process() is not None


def ensure() -> None:
    """Start one, unless there is one."""
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
    """End it; servers that it has started go on."""
    if process := _process():
        process.kill()
        psutil.wait_procs([process], timeout=STOP_GRACE)
    forget()


def forget() -> None:
    """Note that there is none."""
    _path().unlink(missing_ok=True)


def log_path() -> Path:
    """What it did and when."""
    return run_folder() / "supervisor.log"


def _path() -> Path:
    return run_folder() / "supervisor"


def _process() -> psutil.Process | None:
    try:
        pid, created = msgspec.json.decode(_path().read_bytes(), type=tuple[int, float])
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < CLOCK_DRIFT
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, msgspec.MsgspecError, psutil.Error):
        return None
