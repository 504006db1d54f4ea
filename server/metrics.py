"""`/metrics` for Prometheus: requests, the queue, and every call of an LLM.

Label values come from fixed sets (models, LLMs, statuses, reasons), never from what a client wrote.
"""

import time
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from smacs.server.engine import Engine
from smacs.server.figures import Figures
from smacs.server.guard.exchange import charge, current
from smacs.server.observed import Observed
from smacs.server.scrape import Scrape


def install(app: FastAPI, engine: Engine) -> None:
    """Count what the application and its LLMs do, and answer `/metrics`."""
    figures = Figures(app.state.queue)
    engine.observers.append(partial(_observe, figures))
    for llm in engine.pool.llms.values():
        llm.watchers += [watcher for watcher in (charge, figures.called) if watcher not in llm.watchers]
    app.add_middleware(Observed, figures=figures)
    app.user_middleware.append(Middleware(Scrape, registry=figures.registry))  # within the guard


def _observe(figures: Figures, _model: str, event: dict[str, Any]) -> None:
    """An event of a run: the first one of a request is the client's first sign of life."""
    exchange = current()
    if exchange is not None and not exchange.progress:
        exchange.progress = True
        figures.first_progress.observe(time.monotonic() - exchange.started)
    if event["event"] == "result":
        figures.answered(event["result"].get("degraded", []))
