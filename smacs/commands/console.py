"""Where commands print: as wide as the terminal, and wide enough for a table where there is none."""

import sys
from shutil import get_terminal_size

from rich.console import Console

WIDTH = 130


def for_tables(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that colours no numbers. In a pipe or a log `COLUMNS` may ask for more than `WIDTH`."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal else max(WIDTH, get_terminal_size((WIDTH, 0)).columns)
    return Console(stderr=stderr, quiet=quiet, highlight=False, width=width)
