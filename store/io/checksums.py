"""Checksums: what fails its checksum is never read as data.

What nothing else can replace carries its checksum along. A line of JSON ends in it, `,"crc32":"1a2b3c4d"}`: the CRC-32
of the bytes before that comma, so that any flipped bit shows. A whole JSON document has it as its first key, over the
rest in canonical form. What has no checksum was written by an older version, or edited by somebody who deleted it: that
is how an edit by hand is accepted, and `smacs bank seal` adds a checksum again. Derived files have an XXH3 each, which
takes a twentieth of a second for a gigabyte.
"""

import re
import zlib
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import xxhash

T = TypeVar("T")

FIELD = "crc32"
ACCEPT = "`smacs bank seal --accept-edits` accepts what you changed yourself"
_KEY = b',"%s":"' % FIELD.encode()
_LENGTH = len(_KEY) + 8 + len(b'"}')
_TAIL = re.compile(rb',\s*"%s"\s*:\s*"[^"]*"\s*}$' % FIELD.encode())  # as other programs write it, too
_BLOCK = 1 << 20  # bytes read at once


class WrongChecksumError(ValueError):
    """A document is not what was written."""


def sealed(line: bytes) -> bytes:
    """A JSON object with at least one field, without its line's end, with its checksum."""
    return b'%s%s%08x"}' % (line[:-1], _KEY, zlib.crc32(line[:-1]))


def unsealed(line: bytes) -> bytes:
    """A line without its end and its checksum, right or wrong."""
    return _TAIL.sub(b"}", line.rstrip())


def intact(line: bytes) -> bool | None:
    """Whether a line is what its checksum says; None where it has none."""
    line = line.rstrip()
    if line[-_LENGTH : 10 - _LENGTH] != _KEY:
        return None
    return line[-10:] == b'%08x"}' % zlib.crc32(line[:-_LENGTH])


def sealed_document(value: Any) -> bytes:
    """A value that becomes a JSON object, readable, with its checksum."""
    fields = msgspec.json.decode(msgspec.json.encode(value), type=dict[str, Any])
    fields.pop(FIELD, None)
    return msgspec.json.format(msgspec.json.encode({FIELD: _canonical(fields), **fields}), indent=2) + b"\n"


def read_document(body: bytes, kind: type[T], *, check: bool = True) -> tuple[T, bool]:
    """What a JSON object holds, and whether it has a checksum; `check=False` takes any.

    Raises WrongChecksumError, and msgspec.DecodeError or UnicodeDecodeError for what is no such object.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        checksum = fields.pop(FIELD, "")
        if check and checksum and checksum != _canonical(fields):
            raise WrongChecksumError(
                f"its checksum is wrong: it was damaged, or edited by hand. If you edited it, delete its line {FIELD!r}"
            )
        return msgspec.convert(fields, kind), bool(checksum)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None


def file_checksum(file: Path) -> str:
    """XXH3 of a file in 16 hex digits; empty where it cannot be read."""
    digest, block = xxhash.xxh3_64(), bytearray(_BLOCK)
    view = memoryview(block)
    try:
        with file.open("rb", buffering=0) as opened:
            while count := opened.readinto(block):
                digest.update(view[:count])
    except OSError:
        return ""
    return digest.hexdigest()


def file_crc32(file: Path) -> int:
    """CRC-32 of a file, which older versions wrote down; -1 where it cannot be read."""
    value = 0
    try:
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                value = zlib.crc32(block, value)
    except OSError:
        return -1
    return value


def _canonical(fields: dict[str, Any]) -> str:
    return f"{zlib.crc32(msgspec.json.encode(fields, order='sorted')):08x}"
