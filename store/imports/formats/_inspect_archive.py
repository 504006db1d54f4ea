"""The two containers of Inspect's logs: a zip file with a member for each sample, and one JSON object.

They are opened here and not by Inspect's reader, which unpacks whatever comes: two kilobytes became gigabytes. Nothing
is unpacked to the disk, so the names of members can do no harm. `inspect_log` reads what is in them.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec

from smacs.errors import InputError
from smacs.store.imports.report import UnusableError
from smacs.store.io.foreign import MB, UNPACKED, TooLargeError, decode, unpack_errors, unpacker, whole

Fields = Mapping[str, msgspec.Raw]
_ZSTD = 93  # what Inspect compresses with, and zipfile does not know before Python 3.14
_HEADERS = ("header.json", "_journal/start.json")  # the second one is that of a run that was killed
_LOCAL = struct.Struct("<26xHH")  # of a member's own header: how long its name and its extra field are


def is_zip_log(path: Path) -> bool:
    """Whether it is a zip file with the parts of a log."""
    try:
        with ZipFile(path) as log:
            return bool(set(_HEADERS) & set(log.namelist()))
    except (OSError, BadZipFile, ValueError, NotImplementedError):
        return False


def zip_log(path: Path, max_mb: int) -> tuple[Fields, Iterator[tuple[str, bytes | None]]]:
    """The header, and (place, JSON) of each sample; None instead of one that is too large. Raises InputError."""
    with _opened(path) as log:
        members = {info.filename: info for info in log.infolist()}  # of a name that comes twice the last one counts
        named = next((name for name in _HEADERS if name in members), None)
        if named is None:
            raise InputError(f"{path} is no whole log of Inspect: it has no {_HEADERS[0]}.")
        header = _member(path, log, members[named], max_mb)
        if header is None:
            raise TooLargeError(f"{path}, {named} has more than {max_mb} MB. Raise --max-mb to read it.")
    samples = [info for name, info in members.items() if name.startswith("samples/") and name.endswith(".json")]
    return fields_of(f"{path}, {named}", header), _members(path, samples, max_mb)


def json_log(path: Path, max_mb: int) -> tuple[Fields, Iterator[tuple[str, bytes | None]]]:
    """The same from the other form, where all is one object."""
    fields = fields_of(str(path), whole(path, max_mb))
    try:
        listed = bytes(fields.get("samples") or b"null")
        raw = [] if listed == b"null" else decode(listed, list[msgspec.Raw])
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"{path} is no whole log of Inspect: `samples`: {error}.") from error
    numbered = ((f"{path}, sample {number}", bytes(item)) for number, item in enumerate(raw, 1))
    return fields, ((place, item if len(item) <= max_mb * MB else None) for place, item in numbered)


def fields_of(place: str, data: bytes) -> Fields:
    """The fields of an object, each still JSON: what nobody reads is not decoded. Raises UnusableError."""
    try:
        return decode(data, dict[str, msgspec.Raw])
    except RecursionError as error:
        raise UnusableError(f"{place} is nested hundreds of levels deep.", "nested") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise UnusableError(f"{place} is no whole log of Inspect: {error}.", "no JSON") from error


def _members(path: Path, samples: list[ZipInfo], max_mb: int) -> Iterator[tuple[str, bytes | None]]:
    left = max_mb * UNPACKED * MB
    with _opened(path) as log:  # its directory is read once, and not for each sample
        for info in sorted(samples, key=_natural):
            place = f"{path}, {info.filename!r}"
            data = _member(path, log, info, max_mb)
            left -= len(data or b"")
            if left < 0:
                raise TooLargeError(f"{path} unpacks to more than {max_mb * UNPACKED:,} MB. Raise --max-mb to read it.")
            yield place, data


def _natural(info: ZipInfo) -> list[Any]:
    """Sample 10 comes after sample 9, and the epochs of a sample beside each other."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", info.filename)]


def _member(path: Path, log: ZipFile, info: ZipInfo, max_mb: int) -> bytes | None:
    """What is in a member, whatever its header says about its size; None for one of more than `max_mb`."""
    try:
        with _unpacked(path, log, info) as file:
            data = file.read(max_mb * MB + 1)
    except unpack_errors() as error:
        raise UnusableError(f"{path}, {info.filename!r} is damaged: {error}.", "damaged") from error
    return data if len(data) <= max_mb * MB else None


@contextmanager
def _unpacked(path: Path, log: ZipFile, info: ZipInfo) -> Iterator[IO[bytes]]:
    if info.compress_type == _ZSTD:
        with path.open("rb") as raw:
            yield unpacker(str(path), "zstd", cast(IO[bytes], _Window(raw, info)))
    elif info.compress_type in (ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA):
        with log.open(info) as file:
            yield file
    else:
        raise UnusableError(f"{path}, {info.filename!r} is compressed in an unknown way.", "damaged")


class _Window:
    """The compressed bytes of one member."""

    def __init__(self, raw: IO[bytes], info: ZipInfo) -> None:
        raw.seek(info.header_offset)
        lengths = raw.read(_LOCAL.size)
        if len(lengths) < _LOCAL.size:
            raise EOFError("it ends too early")
        raw.seek(sum(_LOCAL.unpack(lengths)), 1)
        self.raw, self.left = raw, info.compress_size

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        data = self.raw.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    try:
        log = ZipFile(path)
    except (OSError, BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"{path} is no whole log of Inspect: {error}.") from error
    with log:
        yield log
