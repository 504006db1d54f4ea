"""A bank's collections on a Chroma server, `chroma run`."""

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from smacs.errors import ChromaServerError
from smacs.pool.calls.urls import address_of, shown
from smacs.store.index.chroma import REPLACED, Chroma, now
from smacs.store.index.place import Place

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

TOKEN = "SMACS_CHROMA_TOKEN"  # environment variable: the server's token, if it wants one
SERVER = "SMACS_CHROMA_SERVER"  # environment variable: the URLs of the servers, by commas, that may see the token


class ChromaServer(Chroma):
    """A Chroma server, `chroma run`, that several banks and programs may share."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._open: ClientAPI | None = None

    def reset(self) -> None:
        """Delete this place's collections."""
        for name in self._names():
            if self._own(name):
                self._client().delete_collection(name)

    def set_aside(self, why: str) -> str:
        """Rename this place's collections."""
        mark = f"{why}-{now()}"
        own = [name for name in self._names() if self._own(name)]
        for name in own:
            self._client().get_collection(name, embedding_function=None).modify(name=f"{mark}-{name}")
        return f"{mark}-{self.place.collection}-*" if own else ""

    def drop_replaced(self) -> None:
        """Delete the collections."""
        replaced = re.compile(rf"{REPLACED}-[^-]+-{re.escape(self.place.collection)}-\d+")
        for name in self._names():
            if replaced.fullmatch(name):
                self._client().delete_collection(name)

    def close(self) -> None:
        """Nothing to let go of."""

    def _client(self) -> "ClientAPI":
        if self._open is None:
            self._open = _connect(self.place.server)
        return self._open


def trusted(url: str) -> bool:
    """Whether the operator named the server at `url`, scheme, host and port: a bank's manifest can name anybody's."""
    try:
        return _origin(url) in map(_origin, os.environ.get(SERVER, "").replace(",", " ").split())
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError for a port that is none."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _connect(url: str) -> "ClientAPI":
    """A client of the server at `url`. Raises ChromaServerError."""
    import chromadb

    try:
        scheme, host, port = _origin(url)
        token = os.environ.get(TOKEN) if trusted(url) else None
        headers = (address_of(url).headers | ({"X-Chroma-Token": token} if token else {})) or None
        client = chromadb.HttpClient(host, port, ssl=scheme == "https", headers=headers, settings=_settings(url))
        client.heartbeat()
    except Exception as error:  # the client raises ValueError and whatever its transport raises
        where, said = shown(url), shown(str(error))[:200]
        raise ChromaServerError(
            f"The Chroma server at {where} does not answer: {said} Start it (`chroma run`), or bring the "
            f"index back into the bank's folder with `smacs bank move-index --to folder`.{_kept_back(url)}"
        ) from error
    return client


def _settings(url: str) -> "Settings":
    """Chroma's own; what its environment variables say of keys is for servers that the operator named, too."""
    from chromadb.config import Settings

    if trusted(url):
        return Settings(anonymized_telemetry=False)
    return Settings(
        anonymized_telemetry=False,
        chroma_client_auth_provider=None,
        chroma_client_auth_credentials=None,
        chroma_server_headers=None,
    )


def _kept_back(url: str) -> str:
    """That the server did not get the token, and how it would."""
    if not os.environ.get(TOKEN) or trusted(url):
        return ""
    return f" It was not sent {TOKEN}: only the bank names this server. If it is yours, set {SERVER}={shown(url)}"
