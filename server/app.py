"""The server, put together. `langgraph.json` mounts `smacs.server.app:app`, `smacs serve` runs `create_app`."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from smacs import __version__
from smacs.exporters import export_spans
from smacs.graph.frame import AnyBank, AnyPool
from smacs.graph.gated import Gated
from smacs.server import catalogue, chat, errors, health, metrics
from smacs.server.engine import Engine
from smacs.server.guard import install_guard
from smacs.server.lines import OneLine
from smacs.server.logs import SPANS, AccessLog
from smacs.server.page import files as page
from smacs.server.settings import ServerSettings, load_settings


def create_app(pool: AnyPool | None = None, bank: AnyBank = None, settings: ServerSettings | None = None) -> FastAPI:
    """The server over a pool and a bank; by default those of `SMACS_POOL`, `SMACS_BANK` and `SMACS_SERVER_...`.

    Raises PoolError, BankError or InputError when they cannot be used.
    """
    pool = pool if pool is not None else os.environ.get("SMACS_POOL") or "local"
    bank = bank if bank is not None else os.environ.get("SMACS_BANK") or None
    return assemble(Engine.open(pool, bank), settings or load_settings(), shared=False)


def assemble(engine: Engine, settings: ServerSettings, *, shared: bool) -> FastAPI:
    """The server over an engine; `shared`: mounted on LangGraph's server, beside its own paths."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await engine.warm()
        if not shared:
            gc.collect()
            gc.freeze()  # what is there now stays; searching it again and again would hold up every request
        yield
        await engine.aclose()

    paths: dict[str, Any] = {"docs_url": None, "redoc_url": None}  # their pages load scripts from elsewhere
    paths["default_response_class"] = OneLine
    if shared:
        paths["openapi_url"] = None  # LangGraph's own has ours, too
    app = FastAPI(title="SMACS", version=__version__, lifespan=lifespan, telemetry=SPANS, **paths)
    app.state.engine = engine
    engine.limit(settings.ceilings)
    app.state.settings = settings
    app.include_router(chat.router)
    app.include_router(catalogue.router)
    errors.install(app, shared=shared)
    install_guard(app, settings)
    if shared and app.state.gate is not None:
        Gated.gate = app.state.gate.run
    app.add_middleware(AccessLog, figures=metrics.install(app, engine))
    health.install(app, engine)
    page.install(app)
    return app


def __getattr__(name: str) -> Any:
    """`app`, made on first use, over the graphs of `smacs.graph.app`."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    export_spans()
    app = globals()["app"] = assemble(Engine.shared(), load_settings(), shared=True)
    return app
