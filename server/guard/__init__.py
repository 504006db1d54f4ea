"""The guard: what every request passes before the application, outermost first.

request id -> origins that may ask (CORS) -> host name -> life of the request (drain, deadline) -> size limit -> API key
-> limits of the key -> queue -> app.
All of them are pure ASGI. On LangGraph's server they guard its own paths as well: there the app is the whole server.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from smacs.server.guard.exchange import RequestId
from smacs.server.guard.gate import Gate
from smacs.server.guard.hosts import CheckHost
from smacs.server.guard.keys import Keyring, RequireKey
from smacs.server.guard.lifetime import Drain, Lifetime
from smacs.server.guard.limits import Accounts, Allowance, KeyLimits
from smacs.server.guard.queue import Queue, Queueing
from smacs.server.guard.request import SizeLimit
from smacs.server.settings import ServerSettings


def install_guard(app: FastAPI, settings: ServerSettings) -> None:
    """Guard an application. Raises InputError when the file of keys cannot be used.

    `app.state.drain` and `app.state.queue` are for those who report on it, `app.state.gate` is for runs that are not
    requests (None: nobody needs a key).
    """
    app.state.gate = None
    drain = app.state.drain = Drain(settings.grace)
    queue = app.state.queue = Queue(settings.running, settings.waiting)
    wait = settings.retry_after
    app.add_middleware(Queueing, queue=queue, upload=settings.upload, retry_after=wait)
    if settings.keys_file is not None:
        keyring, accounts = Keyring(settings.keys_file), Accounts(Allowance)
        app.state.gate = Gate(keyring, accounts, retry_after=wait)
        app.add_middleware(KeyLimits, retry_after=wait, accounts=accounts)
        app.add_middleware(RequireKey, keyring=keyring)
    app.add_middleware(SizeLimit, limit=settings.max_body, head=settings.max_head)
    app.add_middleware(Lifetime, drain=drain, deadline=settings.deadline, retry_after=wait)
    if settings.keys_file is None or settings.allow_host:
        app.add_middleware(CheckHost, allowed=(settings.host, *settings.allow_host))
    if settings.allow_origin:
        _allow(app, settings.allow_origin)
    app.add_middleware(RequestId)
    _drain_with(app, drain)


def _allow(app: FastAPI, origins: Collection[str]) -> None:
    """Let pages of these origins ask and read the replies, refusals too. No cookies: a key is what lets one in."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        expose_headers=("X-Request-ID", "Retry-After"),
        allow_private_network="*" not in origins,
    )


def _drain_with(app: FastAPI, drain: Drain) -> None:
    """Let SIGTERM drain for as long as the application lives."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: Any) -> AsyncIterator[Any]:
        async with drain.on_sigterm(), inner(served) as state:
            yield state

    app.router.lifespan_context = lifespan
