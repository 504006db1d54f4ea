"""A bank's collections on a Chroma server, `chroma run`."""

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from smacs.pool.errors import ChromaServerError
from smacs.store.index.chroma import REPLACED, Chroma, now
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


def _connect(url: str) -> "ClientAPI":
    """A client of the server at `url`. Raises ChromaServerError."""
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    token = os.environ.get(TOKEN)
    try:
        client = chromadb.HttpClient(
            parts.hostname or "",
            parts.port or (443 if secure else 80),
            ssl=secure,
            headers={"X-Chroma-Token": token} if token else None,
            settings=Settings(anonymized_telemetry=False),
        )
        client.heartbeat()
    except Exception as error:  # the client raises ValueError and whatever its transport raises
        raise ChromaServerError(
            f"The Chroma server at {url} does not answer: {str(error)[:200]} Start it (`chroma run`), or bring the "
            "index back into the bank's folder with `smacs bank move-index --to folder`."
        ) from error
    return client
