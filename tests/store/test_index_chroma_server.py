"""A token is for the server that the operator named, never for one that a bank's manifest names."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from smacs.errors import ChromaServerError
from smacs.store.index.chroma_server import SERVER, TOKEN, ChromaServer, trusted
from smacs.store.index.place import Place


class Stranger:
    """Refuses whatever it is asked, and keeps what it was sent."""

    def __init__(self) -> None:
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self.heard += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 401 no\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stranger]:
    for name in (TOKEN, "CHROMA_CLIENT_AUTH_CREDENTIALS"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("CHROMA_CLIENT_AUTH_PROVIDER", "chromadb.auth.token_authn.TokenAuthClientProvider")
    found = Stranger()
    yield found
    found.close()


def ask(url: str) -> str:
    with pytest.raises(ChromaServerError) as error:
        ChromaServer(Place(Path("/nowhere"), url, "smacs-a-b", 4))._names()
    return str(error.value)


@pytest.mark.parametrize("named", ["", "http://127.0.0.1:1", "http://localhost", "nonsense", "http://x:99999999"])
def test_a_stranger_gets_no_token(stranger: Stranger, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv(SERVER, named)
    said = ask(stranger.url)
    assert stranger.heard.startswith(b"GET ")
    assert b"secret" not in stranger.heard
    assert f"If it is yours, set {SERVER}={stranger.url}" in said


def test_the_server_that_was_named_gets_it(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVER, f"http://other:8000, {stranger.url}/")
    assert SERVER not in ask(stranger.url)
    assert b"x-chroma-token: secret" in stranger.heard.lower()


@pytest.mark.parametrize(
    ("url", "named", "same"),
    [
        ("https://c", "https://c:443", True),
        ("http://C:8000", "http://c:8000", True),
        ("http://c:8000", "https://c:8000", False),  # in the clear
        ("http://c:8001", "http://c:8000", False),
        ("http://c:8000@evil:8000", "http://c:8000", False),
        ("http://evil/http://c:8000", "http://c:8000", False),
        ("http://c:99999999", "http://c:8000", False),
    ],
)
def test_scheme_host_and_port_count(monkeypatch: pytest.MonkeyPatch, url: str, named: str, same: bool) -> None:
    monkeypatch.setenv(SERVER, named)
    assert trusted(url) is same


def test_a_url_that_is_none_is_an_error_of_ours() -> None:
    assert "does not answer" in ask("http://c:99999999")
