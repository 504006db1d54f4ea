"""Is an index damaged, or did something else fail? Only what is shown to be damaged is set aside."""

import os
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from smacs.errors import BankError
from smacs.store.index.access import access
from smacs.store.index.chroma import BrokenIndexError
from smacs.store.index.place import Place

_VERSION = ("migration", "version")  # of Chroma's words where another release wrote the files
_WAIT = 10.0  # seconds for a folder that nobody else knows


def check_damaged(place: Place, error: BrokenIndexError) -> None:
    """Return where Chroma works, but not with the files of this place, twice, though nobody keeps them from it.

    Raises BankError, with the worker's words and what else it is.
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
            index = access(replace(place, folder=Path(folder)), wait=_WAIT)
            try:
                index.call("write", 0, ["probe"], ["probe"], row)
                found, _ = index.call("read", 0, ["probe"])
            finally:
                index.close()
        except BankError as error:
            return str(error)
    return "" if found == ["probe"] else "it does not keep what is written to it."
