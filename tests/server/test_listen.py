"""The HTTP edge over real sockets: heads and bodies that never end, clients that do not read, too many connections."""

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from smacs.server.listen import Connections, may_open
from smacs.server.settings import ServerSettings
from tests.server.conftest import LIMIT, Served, serving

pytestmark = pytest.mark.slow

HEAD = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
LARGE = 30_000_000  # bytes, more than all socket buffers hold

Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A small application behind the edge, with settings."""

    with ExitStack() as stack:

        def start(**given: Any) -> Served:
            app = FastAPI()
            app.state.settings = ServerSettings(**given)
            app.add_api_route("/echo", echo, methods=["GET", "POST"])
            app.add_api_route("/large", large)
            return stack.enter_context(serving(app))

        yield start


async def echo(request: Request) -> Response:
    return Response(await request.body() or b"nothing")


async def large() -> Response:
    return Response(bytes(LARGE))


@contextmanager
def connected(served: Served, *sent: bytes, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A connection that has sent something, from an address of this machine."""
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT, source_address=(source, 0)) as client:
        with suppress(OSError):
            for part in sent:
                client.sendall(part)
        yield client


def rest(client: socket.socket) -> bytes:
    """All that still comes, until the server closes."""
    parts = []
    with suppress(ConnectionResetError):
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def answer(served: Served, *sent: bytes) -> tuple[int, dict[str, Any]]:
    """Status and error of the reply, after which the server has closed the connection."""
    with connected(served, *sent) as client:
        head, _, body = rest(client).partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    error: dict[str, Any] = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return int(head.split()[1]), error


@pytest.mark.parametrize(
    "head",
    [
        pytest.param((HEAD, b"X: " + b"x" * 70_000), id="one field that does not end"),
        pytest.param((HEAD, b"a:\r\n" * 20_000), id="many small fields"),
        pytest.param((HEAD, b"X: " + b"x" * 90_000 + b"\r\n\r\n"), id="a whole head that is too large"),
        pytest.param((b"GET /", b"u" * 100_000), id="an address that does not end"),
    ],
)
def test_a_head_has_so_many_bytes(serve: Serve, head: tuple[bytes, ...]) -> None:
    status, error = answer(serve(), *head)
    assert (status, error["code"]) == (431, "headers_too_large")
    assert "at most 65536 bytes" in error["message"]


def test_a_head_within_the_bound_is_answered(serve: Serve) -> None:
    with connected(serve(), HEAD, b"X: " + b"x" * 60_000 + b"\r\nConnection: close\r\n\r\n") as client:
        assert rest(client).startswith(b"HTTP/1.1 200")


def test_an_endless_head_does_not_stay_in_memory(serve: Serve) -> None:
    served = serve()
    with connected(served, HEAD) as client:
        with pytest.raises(OSError):  # the server stops to read after a second
            while True:
                client.sendall(b"a:\r\n" * 250_000)
        assert served.http.get("/echo").text == "nothing"


def test_what_is_no_http_is_said(serve: Serve) -> None:
    status, error = answer(serve(), b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert (status, error["code"]) == (400, "bad_request")


@pytest.mark.parametrize("sent", [HEAD, HEAD + b"X: a", b"G"])
def test_a_head_has_so_many_seconds(serve: Serve, sent: bytes) -> None:
    status, error = answer(serve(head=0.2), sent)
    assert (status, error["code"]) == (408, "request_timeout")


def test_bytes_that_come_one_by_one_do_not_make_a_head_last_longer(serve: Serve) -> None:
    with connected(serve(head=0.3), HEAD) as client:
        client.settimeout(0.01)
        for _ in range(6000):  # a minute, were it not closed
            with suppress(TimeoutError):
                assert client.recv(100).startswith(b"HTTP/1.1 408")
                return
            client.sendall(b"a:\r\n")
    raise AssertionError("it was not closed")


def test_a_connection_that_says_nothing_is_closed(serve: Serve) -> None:
    with connected(serve(head=0.2)) as client:
        assert rest(client) == b""


def test_an_idle_connection_is_closed_and_one_in_use_is_not(serve: Serve) -> None:
    with connected(serve(head=0.2, keep_alive=1)) as client:
        for _ in range(3):
            client.sendall(HEAD + b"\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert rest(client) == b""


def test_a_body_that_never_ends_is_given_up_also_where_nobody_waits_for_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.server.listen.CLOSING", 0.2)
    with connected(serve(upload=0.2), POST, b"abc") as client:
        assert rest(client) == b""


def test_a_client_that_does_not_read_is_given_up(serve: Serve) -> None:
    served = serve(stall=0.2)
    with connected(served, b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") as client:
        connections, limit = connections_of(served), time.monotonic() + LIMIT
        while not connections.came or connections.of.total():
            assert time.monotonic() < limit
            time.sleep(0.01)
        assert len(rest(client)) < LARGE


def test_a_client_beyond_its_share_is_told_and_waited_for_a_second_only(serve: Serve) -> None:
    served = serve(client_connections=2, head=LIMIT)
    with connected(served, HEAD), connected(served, HEAD):
        status, error = answer(served, HEAD)
        assert (status, error["code"]) == (429, "too_many_connections")
        assert "at most 2 connections" in error["message"]


def test_one_client_beyond_its_share_takes_nothing_from_others(serve: Serve) -> None:
    served = serve(client_connections=2)
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connected(served, HEAD, source="127.0.0.2"))
        with connected(served, HEAD + b"Connection: close\r\n\r\n", source="127.0.0.3") as client:
            assert rest(client).startswith(b"HTTP/1.1 200")


def test_whole_requests_beyond_the_share_are_answered(serve: Serve) -> None:
    served = serve(client_connections=2)
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(served, HEAD, b"\r\n")) for _ in range(20)]
        assert all(client.recv(65536).startswith(b"HTTP/1.1 200") for client in clients)


def test_half_sent_requests_keep_nobody_out(serve: Serve) -> None:
    served = serve(connections=8, head=LIMIT)
    with ExitStack() as stack:
        for number in range(100):
            stack.enter_context(connected(served, HEAD, b"X-Half: a", source=f"127.0.0.{2 + number % 3}"))
        for _ in range(3):
            with connected(served, HEAD + b"Connection: close\r\n\r\n") as client:
                assert rest(client).startswith(b"HTTP/1.1 200")
        assert sum(connections_of(served).of.values()) <= 8


def test_connections_stay_below_what_the_process_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    assert may_open() == 256
    assert Connections(ServerSettings()).most == 128
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert Connections(ServerSettings()).most == 1000


def connections_of(served: Served) -> Connections:
    connections: Connections = served.app.state.connections
    return connections
