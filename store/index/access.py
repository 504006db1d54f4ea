"""Exclusive access to a bank's Chroma collections, wherever they are, and whether what fails there is damaged."""

import os
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from smacs.errors import BankError, ChromaServerError
from smacs.pool.calls.urls import shown
from smacs.store.index.chroma import BrokenIndexError
from smacs.store.index.chroma_process import ChromaProcess
from smacs.store.index.chroma_server import ChromaServer
from smacs.store.index.place import Place
from smacs.store.io.files import writing
from smacs.store.io.lock import write_lock

_VERSION = ("migration", "version")  # of Chroma's words where another release wrote the files
_PROBE_WAIT = 10.0  # seconds for a folder that nobody else knows


class Access(Protocol):
    """One owner at a time. Every method blocks; raises BankLockedError, BrokenIndexError or BankError."""

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of `smacs.store.index.chroma.Chroma`."""

    def close(self) -> None:
        """Let the next one in."""


def access(place: Place, *, wait: float) -> Access:
    """Wait at most `wait` seconds for another process that uses the index. Raises BankLockedError, BankError."""
    with writing(place.folder):
        place.folder.mkdir(parents=True, exist_ok=True)
    return ServerAccess(place, wait=wait) if place.server else ChromaProcess(place, wait=wait)


class ServerAccess:
    """A Chroma server, under the bank's own lock."""

    def __init__(self, place: Place, *, wait: float) -> None:
        self._lock = write_lock(place.folder, "index", wait=wait)
        self._lock.__enter__()
        self._server = ChromaServer(place)

    def call(self, method: str, *arguments: Any) -> Any:
        """See `Access.call`. Raises ChromaServerError too."""
        try:
            return getattr(self._server, method)(*arguments)
        except BankError:
            raise
        except Exception as error:
            where, said = shown(self._server.place.server), shown(str(error))[:200]
            raise ChromaServerError(f"The Chroma server at {where}: {type(error).__name__}: {said}") from error

    def close(self) -> None:
        """Release the lock."""
        self._lock.__exit__(None, None, None)


def check_damaged(place: Place, error: BrokenIndexError) -> None:
    """Return only if the files of this place are damaged: Chroma works, but not with them, and nothing else is wrong.

    Raises BankError with the worker's words and the other reason where there is one: only what is shown to be damaged
    may be set aside.
    """
    if reason := "" if place.server else _other_reason(place, str(error)):
        raise BankError(f"{error} {reason} The index was left as it is.") from error


def _other_reason(place: Place, words: str) -> str:
    """What is wrong besides the files, and what to do; empty where nothing is."""
    closed = [file for file in place.chroma.rglob("*") if not os.access(file, os.R_OK | os.W_OK)]
    if closed:
        return f"{closed[0]} cannot be read or written by this user: change its owner or its mode."
    if _in_use(place.chroma / "chroma.sqlite3"):
        return "Another program has its database open: end it, and try again."
    if any(word in words.lower() for word in _VERSION):
        return "Another version of Chroma seems to have written it: install that one, or `smacs bank index --rebuild`."
    if failed := _fails_elsewhere(place):
        return f"Chroma fails with a new, empty folder as well: {failed} Install it again: pip install chromadb."
    return ""


def _in_use(database: Path) -> bool:
    if not database.exists():
        return False
    connection = sqlite3.connect(database.as_uri() + "?mode=rw", uri=True, timeout=0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:  # it is no database
        return False
    finally:
        connection.close()
    return False


def _fails_elsewhere(place: Place) -> str:
    """What Chroma says when it is to keep one vector in a folder of its own; empty where it does."""
    row = np.eye(1, place.dimension, dtype=np.float32)
    with tempfile.TemporaryDirectory(dir=place.folder, prefix=".probe-") as folder:
        try:
            index = access(replace(place, folder=Path(folder)), wait=_PROBE_WAIT)
            try:
                index.call("write", 0, ["probe"], ["probe"], row)
                found, _ = index.call("read", 0, ["probe"])
            finally:
                index.close()
        except BankError as error:
            return str(error)
    return "" if found == ["probe"] else "it does not keep what is written to it."
