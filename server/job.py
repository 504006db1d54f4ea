"""From a request to what is to be done: the question, and the settings of each run that answers it."""

import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smacs.nodes.shared.determinism import call_seed
from smacs.nodes.shared.question import QuestionInput
from smacs.server.engine import Engine
from smacs.server.errors import ApiError
from smacs.server.refused import refuse
from smacs.server.wire import ChatRequest

_INSTRUCTIONS = ("system", "developer")


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
    refuse(request)
    if (n := request.n or 1) > max_n:
        raise ApiError(f"n: expected at most {max_n} answers, got {n}.", param="n")
    asked, settings = asked_of(request), settings_of(request)
    most_tokens = engine.check(request.model, asked, settings, n)
    stop, options = request.stop or (), request.stream_options
    return Job(
        model=request.model,
        asked=asked,
        settings=seeded(settings, n),
        most_tokens=most_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        trace=request.smacs.trace,
        events=request.smacs.events,
        usage=bool(options and options.include_usage),
    )


def asked_of(request: ChatRequest) -> QuestionInput:
    """The conversation; what system and developer say is put before every task's prompt."""
    turns = request.messages
    system = "\n\n".join(turn.content for turn in turns if turn.role in _INSTRUCTIONS and turn.content)
    talk = [{"role": turn.role, "content": turn.content} for turn in turns if turn.role not in _INSTRUCTIONS]
    return {"messages": talk, "system": system, "task": request.smacs.task, "dataset": request.smacs.dataset}


def settings_of(request: ChatRequest) -> dict[str, Any]:
    """OpenAI's fields that are settings of ours; those of the extension win."""
    own = {
        "temperature": request.temperature,
        "presence_penalty": request.presence_penalty,
        "max_tokens": request.max_completion_tokens or request.max_tokens,
        "seed": request.seed,
    }
    return {name: value for name, value in own.items() if value is not None} | request.smacs.settings


def seeded(settings: Mapping[str, Any], n: int) -> list[dict[str, Any]]:
    """Settings of n runs with different seeds, the first one's as given; a single run keeps what it has."""
    if n == 1:
        return [dict(settings)]
    first = settings.get("seed")
    first = secrets.randbelow(2**31) if first is None else first
    seeds = [first, *(call_seed(first, "choice", str(index)) for index in range(1, n))]
    return [{**settings, "seed": seed} for seed in seeds]
