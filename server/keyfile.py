"""The file of API keys: names, hashes and limits. A key itself is shown once, when it is made, and never stored.

A key holds 256 random bits, so that one HMAC-SHA256 with the file's own salt hides it; a slow hash, which passwords
need, would only make every request slow. Keys are made and revoked one change at a time, and a reader sees the file
before the change or after it.
"""

import hmac
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from smacs.errors import InputError
from smacs.store.io.draft import draft_file

FORMAT = 1
PREFIX = "sk-smacs-"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one key may use; None: no limit of its own. Tokens are those of all LLM calls, by UTC day."""

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
    """Read and check the file. Raises InputError when it is missing or broken."""
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


def create_key(path: Path, name: str, limits: Limits) -> str:
    """Add a key to the file, which is created if it is missing; returns the key. Raises InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(f"Name of a key: expected 1 to 64 of A-Z a-z 0-9 . _ -, got {name[:80]!r}.")
    key = PREFIX + secrets.token_urlsafe(32)
    with _locked(path):
        file = read_keys(path) if path.exists() else KeyFile(format=FORMAT, salt=secrets.token_hex(16))
        if file.named(name):
            raise InputError(f"{path} has a key {name!r} already: revoke it first, or take another name.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = Key(name=name, hash=hash_of(key.encode(), file.salt), created=now, limits=limits)
        _write(path, msgspec.structs.replace(file, keys=(*file.keys, added)))
    return key


def revoke_key(path: Path, name: str) -> None:
    """Remove a key from the file. Raises InputError when it has none of that name."""
    with _locked(path):
        file = read_keys(path)
        if file.named(name) is None:
            have = ", ".join(key.name for key in file.keys) or "(it is empty)"
            raise InputError(f"{path} has no key {name!r}; expected one of: {have}.")
        _write(path, msgspec.structs.replace(file, keys=tuple(key for key in file.keys if key.name != name)))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock"), mode=0o600):
            yield
    except OSError as error:
        raise InputError(f"The file of keys {path} cannot be used: {error.strerror or error}.") from error


def _write(path: Path, file: KeyFile) -> None:
    with draft_file(path) as draft:
        os.fchmod(draft.fileno(), 0o600)
        draft.write(msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")
