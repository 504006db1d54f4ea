"""What a file looks like from outside, to see whether it has changed."""

from pathlib import Path

Stamp = tuple[int, int]  # modification time in nanoseconds, and size: another one means another content


def stamp(file: Path) -> Stamp:
    """Time and size of a file; (0, -1) where there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)
