"""The HTTP edge of `smacs serve`: uvicorn with h11, and limits on each connection before it is a request.

The head (request line and header fields) is limited in bytes and in time; so are, in time, the body and the reading of
the reply. No client holds more than its share of connections, and all together stay below what the process may open:
where there is no room for another, the oldest one that has not sent a whole request is closed for it, so that `/health`
is answered whatever others hold open.

uvicorn by itself limits only the bytes of a head, and only with h11, which comes with it.
"""

import asyncio
import logging
import resource
import sys
from collections import Counter
from typing import Any, Literal

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from smacs.server.errors import ApiError, error_body
from smacs.server.lines import json_line
from smacs.server.settings import ServerSettings

PIECE = 4096  # bytes passed on at once: a head may take this much more memory than `max_head`
BEYOND = 1.0  # seconds for a whole request on a connection beyond its client's share
LINGER = 1.0  # seconds in which what a refused client still sends is read and dropped, so that it can read the refusal
CLOSING = 5  # seconds for what is left of connections; the grace period of requests comes before

log = logging.getLogger(__name__)


def make_server(app: FastAPI, settings: ServerSettings) -> uvicorn.Server:
    """A server for the application within the limits of the settings, not yet listening.

    `app.state.connections` counts its connections.
    """
    connections = app.state.connections = Connections(settings)

    class Bounded(Connection):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(connections, *given, **named)

    config = uvicorn.Config(
        app,
        http=Bounded,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=CLOSING,
        backlog=min(2048, may_open() // 4),  # accepted at once, before any limit holds
        h11_max_incomplete_event_size=settings.max_head,
    )
    return uvicorn.Server(config)


class Connections:
    """The open connections, and how many of them each client has."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.most = min(settings.connections, may_open() // 2)  # the other half is for LLMs, bank and files
        self.of = Counter[str]()  # client -> connections
        self._open = set[Connection]()
        self.came = 0  # connections, in all
        self._unfinished: dict[Connection, None] = {}  # oldest first: no whole request has come, or the next has not

    def enter(self, one: "Connection") -> bool:
        """Count a connection and make room for it. False where there is none: all others have requests under way."""
        self._open.add(one)
        self.came += 1
        self.of[one.address] += 1
        room = len(self._open) <= self.most or self._close_one()
        self.unfinished(one)
        return room

    def leave(self, one: "Connection") -> None:
        """Count a connection that is closed, or about to be; a second time changes nothing."""
        self._unfinished.pop(one, None)
        if one in self._open:
            self._open.remove(one)
            self.of = self.of - Counter([one.address])

    def unfinished(self, one: "Connection") -> None:
        """From now on it waits for a whole request."""
        self._unfinished.setdefault(one)

    def finished(self, one: "Connection") -> None:
        """A whole request has come."""
        self._unfinished.pop(one, None)

    def beyond(self, address: str) -> bool:
        """Whether a client has more connections than its share."""
        return self.of[address] > self.settings.client_connections

    def _close_one(self) -> bool:
        """Close the oldest unfinished connection of the client that has most of them."""
        holds = Counter(one.address for one in self._unfinished)
        if not holds:
            return False
        (greediest, _), *_ = holds.most_common(1)
        next(one for one in self._unfinished if one.address == greediest).abort()
        return True


def may_open() -> int:
    """How many descriptors this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class Connection(H11Protocol):
    """One connection. `address` is its client's, empty for a socket without one."""

    def __init__(self, connections: Connections, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.address = ""
        self._connections = connections
        self._settings = connections.settings
        self._arrival: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._refused = False
        self._awaited: Literal["", "head", "body"] = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client has come: its time for the first request begins."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if not self._connections.enter(self):
            self._refuse(503, "All connections of the server are taken. Ask again later.", "server_busy")
            self.transport.close()
            return
        self._await("head", self._settings.head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or was closed."""
        _stop(self._arrival)
        _stop(self._reading)
        self._connections.leave(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        """Close it at once, whatever is still to be sent."""
        self._connections.leave(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Pass on what came in pieces, so that no head grows beyond its limit in one step."""
        for start in range(0, len(data), PIECE):
            if self._over:
                return
            super().data_received(data[start : start + PIECE])
        if not self._over:
            self._look()

    def on_response_complete(self) -> None:
        """A reply is written; the client has to take it, and may ask again."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size() > 0:
            self._watch_reader()
        if not self._over:
            self._look()

    def pause_writing(self) -> None:
        """More is written than the client reads."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        _stop(self._reading)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, in the shape of all errors; h11 says with which status."""
        error = sys.exception()  # uvicorn calls this while it handles h11's
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if status == 431:
            msg = f"The request line and header fields are too large: expected at most {self._settings.max_head} bytes."
        self._refuse(status, msg, "headers_too_large" if status == 431 else "bad_request")

    def _look(self) -> None:
        """Start or stop the timer for what is still to arrive."""
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._await("body", self._settings.upload + CLOSING)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._await("head", self._settings.head)
        else:
            _stop(self._arrival)
            self._awaited = ""
            if state is h11.IDLE:
                self._connections.unfinished(self)  # uvicorn closes it when it stays idle
            else:
                self._connections.finished(self)

    def _await(self, part: Literal["head", "body"], seconds: float) -> None:
        """Start the timer for the whole of a part; a client beyond its share gets one second."""
        if part == self._awaited:
            return
        _stop(self._arrival)
        self._awaited = part
        self._connections.unfinished(self)
        if self._connections.beyond(self.address):
            seconds = min(seconds, BEYOND)
        self._arrival = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """The part did not arrive. An idle connection is closed silently: a client may have kept it for later."""
        if self._over:
            return
        if self._connections.beyond(self.address):
            most = self._settings.client_connections
            self._refuse(429, f"Expected at most {most} connections of one client. Close some.", "too_many_connections")
        elif self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(
                408, f"The header fields did not arrive within {self._settings.head:g} seconds.", "request_timeout"
            )
        else:
            self.transport.close()

    def _refuse(self, status: int, message: str, code: str) -> None:
        """Answer, unless an answer has begun, and close a little later."""
        log.info("connection of %s closed: %d %s", self.address or "a client", status, code)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # the application learns of it, and sends no more
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            _, body = error_body(ApiError(message, status=status, code=code))
            self._write(status, json_line(body))
        self._refused = True
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)
        self._watch_reader()

    @property
    def _over(self) -> bool:
        """Whether nothing more is read of it."""
        return self._refused or self.transport.is_closing()

    def _write(self, status: int, body: bytes) -> None:
        fields = [
            (b"Content-Type", b"application/json"),
            (b"Content-Length", str(len(body)).encode()),
            (b"Connection", b"close"),
        ]
        events = (
            h11.Response(status_code=status, headers=fields, reason=STATUS_PHRASES[status]),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))

    def _watch_reader(self) -> None:
        """Start the timer for the client to take what is written."""
        _stop(self._reading)
        self._reading = self.loop.call_later(self._settings.stall, self._stalled)

    def _stalled(self) -> None:
        over = self.transport.is_closing() or self.cycle is None or self.cycle.response_complete
        if self.flow.write_paused or (over and self.transport.get_write_buffer_size() > 0):
            log.info("connection of %s closed: it does not read its reply", self.address or "a client")
            self.abort()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
