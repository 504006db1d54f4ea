"""The file of API keys: names, hashes and limits. A key itself is shown once, when it is made, and never stored.

A key holds 256 random bits, so that one HMAC-SHA256 with the file's own salt hides it; a slow hash, which passwords
need, would only make every request slow.
"""

import hmac
from pathlib import Path
from typing import Annotated

import msgspec

from smacs.errors import InputError

FORMAT = 1

Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one key may use; None: as much as the server has. Tokens are those of all LLM calls, by UTC day."""

    requests_per_minute: Count | None = None
    running: Count | None = None
    tokens_per_day: Count | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key: `hash` is the HMAC-SHA256 of the key with the file's salt, in hexadecimal."""

    name: str
    hash: str
    created: str
    limits: Limits = Limits()


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    format: int
    salt: str
    keys: tuple[Key, ...] = ()

    def find(self, given: bytes) -> Key | None:
        """The entry of a key. Takes the same time whether it is there or not, and wherever it is."""
        digest, found = hash_of(given, self.salt), None
        for key in self.keys:
            if hmac.compare_digest(key.hash.encode(), digest.encode()):
                found = key
        return found

    def named(self, name: str) -> Key | None:
        """The entry of that name."""
        return next((key for key in self.keys if key.name == name), None)


def hash_of(key: bytes, salt: str) -> str:
    """HMAC-SHA256 of a key, in hexadecimal."""
    return hmac.digest(salt.encode(), key, "sha256").hex()


def read_keys(path: Path) -> KeyFile:
    """Read and check it. Raises InputError when it is not there or broken."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=KeyFile)
    except OSError as error:
        reason = error.strerror or error
        make = f"smacs keys create NAME --file {path}"
        raise InputError(f"The file of keys {path} cannot be read ({reason}). Make it with: {make}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The file of keys {path} is broken: {error}. Restore it, or make new keys.") from None
    if file.format != FORMAT:
        raise InputError(f"The file of keys {path} has format {file.format}; expected {FORMAT}. Update smacs.")
    return file
