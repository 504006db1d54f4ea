"""Callbacks by which a long task reports its progress."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Gets what happens, a line at a time."""

FileProgress = Callable[[int, str], None]
"""Gets how many bytes of a file are done, and in a few words what is going on."""


def silent(text: str) -> None:
    """The `Progress` for callers who want none."""


def silent_file(done: int, doing: str) -> None:
    """The `FileProgress` for callers who want none."""
