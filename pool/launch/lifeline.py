"""A tie between a server and the process that started it: the server's stdin, held open at the other end.

`python lifeline.py MODULE ARGUMENTS...` runs a module as `python -m` does, but tied. The Python of other environments
runs it too, such as vLLM's, so it uses nothing but the standard library.
"""

import os
import runpy
import signal
import sys
import threading

RELEASE = b"+"


def hold() -> None:
    """From now on, end this process and its children at the end of stdin, unless a `RELEASE` byte cuts the tie."""
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    if os.read(0, 1) == RELEASE:
        return
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # a server may have workers, and they would go on
    os._exit(0)


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # the folder of this script: its files are no modules of theirs
    hold()
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
