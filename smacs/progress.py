"""How a long task tells its caller how far it is."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Told what happens, a line at a time."""

FileProgress = Callable[[int, str], None]
"""Told the bytes that are done of a file's `size`, and in a few words what is going on."""


def silent(text: str) -> None:
    """The `Progress` of a caller who wants none."""


def silent_file(done: int, doing: str) -> None:
    """The `FileProgress` of a caller who wants none."""
