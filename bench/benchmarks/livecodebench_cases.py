"""The test cases of LiveCodeBench's problems: JSON, or that JSON pickled, compressed and in base64."""

import base64
import binascii
import io
import pickle
import zlib
from typing import Any

import msgspec

from smacs.errors import InputError

_BANK = 100_000  # characters of the cases that a bank question keeps


class Case(msgspec.Struct):
    """What a program or method is given, and what must come of it."""

    input: str
    output: str


class _Text(pickle.Unpickler):
    """A pickle of a plain text needs no global; one that names any may run a program."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}, a text does not")


def read_cases(public: str, private: str, place: str) -> list[Case]:
    """The public cases, then the private ones. Raises InputError."""
    try:
        packed = not private.lstrip().startswith("[")
        return [*_decoded(public), *_decoded(_unpacked(private) if packed else private)]
    except (ValueError, zlib.error, pickle.UnpicklingError, EOFError, TypeError, msgspec.DecodeError) as error:
        raise InputError(f"{place}: the test cases cannot be read: {error}.") from error


def small(cases: list[Case]) -> list[Case]:
    """The cases in order that have room within 100,000 characters, and at least the smallest one."""
    kept, room = [], _BANK
    for case in cases:
        if (size := len(case.input) + len(case.output)) <= room:
            kept.append(case)
            room -= size
    return kept or sorted(cases, key=lambda case: len(case.input) + len(case.output))[:1]


def _decoded(text: str) -> list[Case]:
    return msgspec.json.decode(text, type=list[Case])


def _unpacked(text: str) -> str:
    try:
        value = _Text(io.BytesIO(zlib.decompress(base64.b64decode(text, validate=True)))).load()
    except binascii.Error as error:
        raise ValueError(f"they are neither JSON nor base64 ({error})") from error
    if not isinstance(value, str):
        raise ValueError(f"expected a pickled text, got {type(value).__name__}")
    return value
