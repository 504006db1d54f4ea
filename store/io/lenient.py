"""JSON as others write it: Python puts NaN and Infinity into it, which are no values there. They are read as null."""

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")
_NO_VALUE = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")|-?\b(?:NaN|Infinity)\b', re.DOTALL)  # texts are passed over


def decode(data: bytes, kind: type[T]) -> T:
    """A value of JSON as `kind`.

    Raises msgspec.DecodeError, UnicodeDecodeError, and RecursionError where it is nested hundreds of levels deep.
    """
    return decode_with(msgspec.json.Decoder(kind), data)


def decode_with(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """The same with a decoder that is made once for many values."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"NaN" not in data and b"Infinity" not in data:
            raise
        return decoder.decode(_NO_VALUE.sub(lambda match: match[1] or b"null", data))
