"""The runs of one job at once, within their deadline; they end with whoever listens to them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from smacs.server.engine import Engine, Event
from smacs.server.errors import ApiError
from smacs.server.job import Job

MARGIN = 1.0  # seconds beyond its deadline in which a graph chooses among what is there
QUIET = 15.0  # seconds without an event after which a listener is told that there is none
WAITING: Event = {"event": "waiting"}

_Queue = asyncio.Queue["tuple[int, Event] | None"]


async def events_of(job: Job, engine: Engine) -> AsyncGenerator[tuple[int, Event], None]:
    """(choice, event) as they come, a `result` last of each choice; close it, and the runs are cancelled.

    Raises what `Engine.run` raises, and ApiError with 504 when a run is over its deadline.
    """
    queue: _Queue = asyncio.Queue()
    task = asyncio.create_task(_run_all(job, engine, queue))
    try:
        while (item := await _next(queue)) is not None:
            yield item
        await task
    except ExceptionGroup as group:
        raise _first(group) from None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _next(queue: _Queue) -> tuple[int, Event] | None:
    try:
        async with asyncio.timeout(QUIET):
            return await queue.get()
    except TimeoutError:
        return 0, WAITING


async def _run_all(job: Job, engine: Engine, queue: _Queue) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for index, settings in enumerate(job.settings):
                group.create_task(_run(job, engine, queue, index, settings))
    finally:
        queue.put_nowait(None)


async def _run(job: Job, engine: Engine, queue: _Queue, index: int, settings: Mapping[str, Any]) -> None:
    limit = engine.deadline(job.model, settings)
    scope = asyncio.timeout(limit + MARGIN)
    try:
        async with scope, aclosing(engine.run(job.model, job.asked, settings)) as events:
            async for event in events:
                queue.put_nowait((index, event))
    except TimeoutError:
        if not scope.expired():
            raise
        raise ApiError(f"No answer within the deadline of {limit:g} seconds.", status=504, code="deadline") from None


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """The first error of a group, however deep."""
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
