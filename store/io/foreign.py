"""Files as other programs save them: compressed, with a byte order mark, in UTF-16, JSON with NaN and Infinity in it.

Files are unpacked as they are read. Two kilobytes can unpack to gigabytes, so there is a limit to one record, and to
all that comes out of one compressed file.
"""

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import msgspec

from smacs.errors import InputError

T = TypeVar("T")
MB = 1 << 20
RECORD = 64  # MB that one record may have: a line, or a sample of a log
WHOLE = 16  # times as much a file may have that is one JSON value and read at once
UNPACKED = 256  # times as much may come out of one compressed file
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_BLOCK = 1 << 16  # bytes
_NO_VALUE = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")|-?\b(?:NaN|Infinity)\b', re.DOTALL)  # texts are passed over


class TooLargeError(InputError):
    """More comes out of a file than is allowed."""


def stem(path: Path) -> Path:
    """The path without the ending of a compressed file."""
    return path.with_suffix("") if path.suffix.lower() in COMPRESSED else path


def unpacked(path: Path, *, bound_mb: int = RECORD * UNPACKED, hint: str = ", or raise --max-mb") -> IO[bytes]:
    """The content of a file as UTF-8 without a byte order mark, to be read once. Raises InputError.

    Reading raises InputError if the file is damaged, and TooLargeError if more than `bound_mb` comes out of a
    compressed one; `hint` says what helps besides unpacking it.
    """
    try:
        return cast(IO[bytes], io.BufferedReader(_Utf8(_Stream(path, bound_mb, hint)), _BLOCK))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


class _Stream(io.RawIOBase):
    """The unpacked bytes of a file; whatever an unpacker raises becomes an InputError."""

    def __init__(self, path: Path, bound_mb: int, hint: str) -> None:
        self.path, self.bound_mb, self.hint = path, bound_mb, hint
        self.file = path.open("rb")
        head = self.file.peek(6)
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        self.source = unpacker(str(path), kind, self.file) if kind else self.file
        self.left = bound_mb * MB if kind else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.source.read(min(len(buffer), _BLOCK))
        except unpack_errors() as error:
            raise InputError(f"{self.path} is damaged or cut off: {error}.") from error
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise TooLargeError(
                    f"{self.path} unpacks to more than {self.bound_mb:,} MB. If you trust it, unpack it yourself"
                    f"{self.hint}."
                )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.file.close()
        super().close()


class _Utf8(io.RawIOBase):
    """The bytes in UTF-8, whichever Unicode encoding the file has."""

    def __init__(self, source: _Stream) -> None:
        self.source = source
        head = source.read(4) or b""
        while len(head) < 4 and (more := source.read(4 - len(head))):
            head += more
        encoding = _encoding(head)
        self.decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
        self.rest = self._recoded(head) if self.decoder else head.removeprefix(codecs.BOM_UTF8)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.rest:
            data = self.source.read(_BLOCK)
            self.rest = self._recoded(data or b"", final=not data) if self.decoder else data or b""
            if not data:
                break
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size

    def _recoded(self, data: bytes, *, final: bool = False) -> bytes:
        assert self.decoder is not None
        try:
            return self.decoder.decode(data, final).encode(errors="surrogatepass")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.source.path} is not whole UTF-16: {error.reason}. Save it as UTF-8.") from error

    def close(self) -> None:
        self.source.close()
        super().close()


def _encoding(head: bytes) -> str | None:
    """UTF-32 and UTF-16 are recognised by their mark, or by the zeros of a first letter."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = [not byte for byte in head]
    return {(False, True, False, True): "utf-16-le", (True, False, True, False): "utf-16-be"}.get(
        cast("tuple[bool, bool, bool, bool]", tuple(zeros))
    )


def unpacker(where: str, kind: str, file: IO[bytes]) -> IO[bytes]:
    """The content of a compressed stream, a little at a time. Raises InputError where a package is missing."""
    if kind == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if kind == "zstd":
        return _zstd(where, file)
    return cast(IO[bytes], {"bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}[kind](file))


def _zstd(where: str, file: IO[bytes]) -> IO[bytes]:
    try:
        from zstandard import ZstdDecompressor
    except ImportError as error:
        raise InputError(
            f"{where} is compressed with zstd, which needs another package: pip install zstandard. Or "
            "unpack it: zstd -d"
        ) from error
    return cast(IO[bytes], ZstdDecompressor(max_window_size=128 * MB).stream_reader(file, read_across_frames=True))


def unpack_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises."""
    known = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
    try:
        from zstandard import ZstdError
    except ImportError:
        return known
    return (*known, ZstdError)


def bounded_lines(file: IO[bytes], record_mb: int) -> Iterator[tuple[int, bytes | None]]:
    """(number, line) of a file; None instead of a line of more than `record_mb`, which is not kept in memory."""
    number = 0
    while line := file.readline(record_mb * MB + 1):
        number += 1
        if len(line) <= record_mb * MB:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MB)
        yield number, None


def whole(path: Path, record_mb: int = RECORD) -> bytes:
    """All of a file that is read at once. Raises InputError, also for one of more than 16 times `record_mb`."""
    bound = record_mb * WHOLE
    with unpacked(path) as file:
        data = file.read(bound * MB + 1)
    if len(data) > bound * MB:
        raise TooLargeError(
            f"{path} is one value of more than {bound:,} MB, which would all be in memory. Write it as JSON lines, or "
            "raise --max-mb."
        )
    return data


def decode(data: bytes, kind: type[T]) -> T:
    """A value of JSON as `kind`. Python writes NaN and Infinity, which JSON does not have: they are read as null.

    Raises msgspec.DecodeError, UnicodeDecodeError, and RecursionError where it is nested hundreds of levels deep.
    """
    return decode_with(msgspec.json.Decoder(kind), data)


def decode_with(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Like `decode`, with a decoder that is made once for many values."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"NaN" not in data and b"Infinity" not in data:
            raise
        return decoder.decode(_NO_VALUE.sub(lambda match: match[1] or b"null", data))
