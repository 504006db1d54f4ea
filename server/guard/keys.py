"""API keys of a running server: without a valid one nothing is answered but health and the page's own files.

The file of keys is looked at for every request, and read again when it has changed: a key that was revoked before a
request arrived is refused from the first request on, however many come at once.
"""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.errors import InputError
from smacs.server.guard.refusal import Refusal, refuse
from smacs.server.guard.request import is_outside, is_preflight, is_public
from smacs.server.keyfile import Key, KeyFile, read_keys

NOTHING = (0, 0, 0, -1)  # the stamp of a file that is not there
RELOAD = 0.0  # seconds between two looks at the file

_REFUSAL = Refusal(
    401, "key", "A valid API key is expected in the header `Authorization: Bearer KEY`.", "invalid_api_key"
)

log = logging.getLogger(__name__)


class Keyring:
    """The keys in `path`, looked at again once `reload` seconds have passed.

    A file that breaks while the server runs leaves the keys as they were; one that is removed leaves no key valid.
    Raises InputError when it cannot be read at the start.
    """

    _thread = ThreadPoolExecutor(1, "smacs-keys")  # its own: other work that blocks must not hold up requests

    def __init__(self, path: Path, *, reload: float = RELOAD) -> None:
        self._path = path
        self._reload = reload
        self._looked = time.monotonic()
        self._looking = asyncio.Lock()
        self._stamp = stamp(path)
        self._file = read_keys(path)

    async def find(self, given: bytes) -> Key | None:
        """The entry of a key that a client sent; None when it is not valid."""
        arrived = time.monotonic()
        if arrived - self._looked >= self._reload:
            async with self._looking:  # whoever waited here may use what another look has found
                if self._looked < arrived:
                    await self._look()
        return self._file.find(given)

    async def named(self, name: str) -> Key | None:
        """The entry of that name; None when it is gone."""
        await self._look()
        return self._file.named(name)

    async def _look(self) -> None:
        began = time.monotonic()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._refresh)
        self._looked = began

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


def stamp(file: Path) -> tuple[int, int, int, int]:
    """Inode, times of change and size: another one after any change, also of one that keeps its size and its date."""
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    except OSError as error:  # it is there, and reading it will say why it cannot be read
        return (0, 0, error.errno or 0, -1)
    return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


class RequireKey:
    """Lets only requests with a valid key through. What lies further in never sees the key itself."""

    def __init__(self, app: ASGIApp, *, keyring: Keyring) -> None:
        self.app = app
        self.keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for a key where one is needed."""
        if not is_outside(scope) or is_public(scope) or is_preflight(scope):
            return await self.app(scope, receive, send)
        key = await self.keyring.find(_given(Headers(scope=scope)))
        if key is None:
            return await refuse(scope, receive, send, _REFUSAL)
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
        scope["state"]["key"] = key
        scope["state"]["exchange"].key = key.name
        return await self.app(scope, receive, send)


def _given(headers: Headers) -> bytes:
    """The key that the client sent; empty, which is no key, where it sent none or more than one."""
    fields = headers.getlist("authorization")
    scheme, _, key = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    return key.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
