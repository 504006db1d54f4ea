"""Making and revoking API keys: one change at a time, and a reader sees the file before it or after it."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from smacs.errors import InputError
from smacs.server.guard.keyfile import FORMAT, Key, KeyFile, Limits, hash_of, read_keys

PREFIX = "sk-smacs-"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def create_key(path: Path, name: str, limits: Limits) -> str:
    """Add a key to the file, which is made where it is missing; returns the key. Raises InputError."""
    if not _NAME.fullmatch(name):
        raise InputError(f"Name of a key: expected 1 to 64 of A-Z a-z 0-9 . _ -, got {name[:80]!r}.")
    key = PREFIX + secrets.token_urlsafe(32)
    with _alone(path):
        file = read_keys(path) if path.exists() else KeyFile(format=FORMAT, salt=secrets.token_hex(16))
        if file.named(name):
            raise InputError(f"{path} has a key {name!r} already: revoke it first, or take another name.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        added = Key(name=name, hash=hash_of(key.encode(), file.salt), created=now, limits=limits)
        _write(path, msgspec.structs.replace(file, keys=(*file.keys, added)))
    return key


def revoke_key(path: Path, name: str) -> None:
    """Remove a key from the file. Raises InputError when there is none of that name."""
    with _alone(path):
        file = read_keys(path)
        if file.named(name) is None:
            have = ", ".join(key.name for key in file.keys) or "(it is empty)"
            raise InputError(f"{path} has no key {name!r}; expected one of: {have}.")
        _write(path, msgspec.structs.replace(file, keys=tuple(key for key in file.keys if key.name != name)))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock"), mode=0o600):
            yield
    except OSError as error:
        raise InputError(f"The file of keys {path} cannot be used: {error.strerror or error}.") from error


def _write(path: Path, file: KeyFile) -> None:
    from smacs.store.io.draft import draft_file

    with draft_file(path) as draft:
        os.fchmod(draft.fileno(), 0o600)
        draft.write(msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")
