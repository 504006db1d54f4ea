"""Where commands print: as wide as the terminal, and wide enough for a table where there is none."""

import os
import sys

from rich.console import Console

WIDTH = 130


def for_tables(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that colours no numbers. In a pipe or a log `COLUMNS` sets another width."""
    stream = sys.stderr if stderr else sys.stdout
    fixed = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=stderr, quiet=quiet, highlight=False, width=WIDTH if fixed else None)
