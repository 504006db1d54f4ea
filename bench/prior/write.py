"""A report as JSON: to a file, or to standard output."""

import sys
from pathlib import Path

import msgspec

from smacs.bench.prior.report import Report


def encode(report: Report) -> bytes:
    """The report as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def write_json(report: Report, target: str) -> None:
    """Write it to the file `target`, or to standard output where that is `-`."""
    if target == "-":
        sys.stdout.buffer.write(encode(report))
    else:
        Path(target).write_bytes(encode(report))


def read_json(path: Path) -> Report:
    """Read a report that `write_json` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Report)
