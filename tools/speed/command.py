"""A command of SMACS as a user runs it: in a process of its own, with its progress display."""

import os
import subprocess
import sys
from pathlib import Path


def run(folder: Path, *arguments: str) -> float:
    """CPU seconds of `smacs` with these arguments in `folder`, its start included. Raises RuntimeError if it fails."""
    with (folder / "output").open("wb") as output:
        command = [sys.executable, "-m", "smacs", *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((folder / "output").read_text())
    return usage.ru_utime + usage.ru_stime
