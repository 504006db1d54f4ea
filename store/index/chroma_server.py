"""A bank's collections on a Chroma server, `chroma run`."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from smacs.pool.errors import ChromaServerError
from smacs.pool.urls import address_of, shown
from smacs.store.index.chroma import Chroma
from smacs.store.index.place import Place

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

TOKEN = "SMACS_CHROMA_TOKEN"  # environment variable: the server's token, if it wants one


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

    def close(self) -> None:
        """Nothing to let go of."""

    def _client(self) -> "ClientAPI":
        if self._open is None:
            self._open = _connect(self.place.server)
        return self._open


def _connect(url: str) -> "ClientAPI":
    """A client of the server at `url`. Raises ChromaServerError."""
    import chromadb
    from chromadb.config import Settings

    parts, login = urlsplit(url), address_of(url).headers
    secure = parts.scheme == "https"
    token = os.environ.get(TOKEN)
    try:
        client = chromadb.HttpClient(
            parts.hostname or "",
            parts.port or (443 if secure else 80),
            ssl=secure,
            headers={**login, **({"X-Chroma-Token": token} if token else {})} or None,
            settings=Settings(anonymized_telemetry=False),
        )
        client.heartbeat()
    except Exception as error:  # the client raises ValueError and whatever its transport raises
        where, said = shown(url), shown(str(error))[:200]
        raise ChromaServerError(
            f"The Chroma server at {where} does not answer: {said} Start it (`chroma run`), or bring the index back "
            "into the bank's folder with `smacs bank move-index --to folder`."
        ) from error
    return client
