"""A job: what one request asks for, the question and the settings of each run, and the runs that answer it.

The runs of a job go on at once, each within its deadline, and end with whoever listens to them: a client that hangs up
ends all that is done for it.
"""

import asyncio
import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.types import Receive

from smacs.nodes.shared.determinism import call_seed
from smacs.nodes.shared.question import QuestionInput
from smacs.server.chat_request import ChatRequest, check_supported
from smacs.server.engine import Engine, Event
from smacs.server.errors import HUNG_UP, ApiError
from smacs.server.guard.request import until_left

MARGIN = 1.0  # seconds beyond its deadline in which a graph chooses among what is there
QUIET = 15.0  # seconds without an event after which a listener gets `WAITING`
WAITING: Event = {"event": "waiting"}

_INSTRUCTIONS = ("system", "developer")
_Queue = asyncio.Queue["tuple[int, Event] | None"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request, checked: a run for each of `settings` makes one choice of the reply; all may take `most_tokens`."""

    model: str
    asked: QuestionInput
    settings: list[dict[str, Any]]
    most_tokens: int = 0
    stop: tuple[str, ...] = ()
    trace: bool = False
    events: bool = False
    usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))


def job_of(request: ChatRequest, engine: Engine, max_n: int) -> Job:
    """The job of a request. Raises ApiError or InputError for one that cannot be answered."""
    check_supported(request)
    if (n := request.n or 1) > max_n:
        raise ApiError(f"n: expected at most {max_n} answers, got {n}.", param="n")
    asked, settings = conversation_of(request), settings_from(request)
    most_tokens = engine.check(request.model, asked, settings, n)
    stop, options = request.stop or (), request.stream_options
    return Job(
        model=request.model,
        asked=asked,
        settings=with_seeds(settings, n),
        most_tokens=most_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        trace=request.smacs.trace,
        events=request.smacs.events,
        usage=bool(options and options.include_usage),
    )


def conversation_of(request: ChatRequest) -> QuestionInput:
    """The conversation; messages of system and developer are put before every task's prompt."""
    turns = request.messages
    system = "\n\n".join(turn.content for turn in turns if turn.role in _INSTRUCTIONS and turn.content)
    talk = [{"role": turn.role, "content": turn.content} for turn in turns if turn.role not in _INSTRUCTIONS]
    return {"messages": talk, "system": system, "task": request.smacs.task, "dataset": request.smacs.dataset}


def settings_from(request: ChatRequest) -> dict[str, Any]:
    """OpenAI's fields that are settings of SMACS; those of the extension win."""
    own = {
        "temperature": request.temperature,
        "presence_penalty": request.presence_penalty,
        "max_tokens": request.max_completion_tokens or request.max_tokens,
        "seed": request.seed,
    }
    return {name: value for name, value in own.items() if value is not None} | request.smacs.settings


def with_seeds(settings: Mapping[str, Any], n: int) -> list[dict[str, Any]]:
    """The settings of n runs with different seeds, the first as given; a single run keeps what it has."""
    if n == 1:
        return [dict(settings)]
    first = settings.get("seed")
    first = secrets.randbelow(2**31) if first is None else first
    seeds = [first, *(call_seed(first, "choice", str(index)) for index in range(1, n))]
    return [{**settings, "seed": seed} for seed in seeds]


async def events_of(job: Job, engine: Engine) -> AsyncGenerator[tuple[int, Event], None]:
    """(choice, event) as they come, for each choice a `result` last. Close it, and the runs are cancelled.

    Raises what `Engine.run` raises, and ApiError with 504 when a run exceeds its deadline.
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


class HungUpError(ApiError):
    """The client is gone."""

    def __init__(self) -> None:
        super().__init__("The client hung up.", status=HUNG_UP)


async def unless_hung_up(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled as soon as the client hangs up. Raises HungUpError then."""
    task, gone = asyncio.create_task(work), asyncio.create_task(until_left(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise HungUpError
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)
