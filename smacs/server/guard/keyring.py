"""The keys of a running server: read again when the file has changed, without holding up any request."""

import asyncio
import logging
import time
from pathlib import Path

from smacs.pool.errors import InputError
from smacs.server.guard.keyfile import Key, KeyFile, read_keys
from smacs.store.files import stamp

NOTHING = (0, -1)  # the stamp of a file that is not there
RELOAD = 1.0  # seconds after which a change of the file holds

log = logging.getLogger(__name__)


class Keyring:
    """The keys in `path`, looked at again every `reload` seconds.

    A file that breaks while the server runs leaves the keys as they were; one that is removed leaves no key. Raises
    InputError when it cannot be read at the start.
    """

    def __init__(self, path: Path, *, reload: float = RELOAD) -> None:
        self._path = path
        self._reload = reload
        self._looked = time.monotonic()
        self._stamp = stamp(path)
        self._file = read_keys(path)

    async def find(self, given: bytes) -> Key | None:
        """The entry of a key that a client sent; None when it is not valid."""
        if time.monotonic() - self._looked >= self._reload:
            self._looked = time.monotonic()
            await asyncio.to_thread(self._refresh)
        return self._file.find(given)

    def _refresh(self) -> None:
        now = stamp(self._path)
        if now == self._stamp:
            return
        self._stamp = now
        if now == NOTHING:
            self._file = KeyFile(format=self._file.format, salt=self._file.salt)
            log.error("the file of keys %s is gone: no key is valid", self._path)
            return
        try:
            self._file = read_keys(self._path)
            log.info("keys: %d in %s", len(self._file.keys), self._path)
        except InputError as error:
            log.error("the keys stay as they were: %s", error)
