"""Exclusive access to a bank's Chroma collections, wherever they are."""

from typing import Any, Protocol

from smacs.errors import BankError, ChromaServerError
from smacs.pool.calls.urls import shown
from smacs.store.index.chroma_process import ChromaProcess
from smacs.store.index.chroma_server import ChromaServer
from smacs.store.index.place import Place
from smacs.store.io.lock import write_lock
from smacs.store.io.room import writing


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
