"""How a node of ours becomes a node of LangGraph: given its tools, and callable from sync code as well."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.runtime import get_runtime
from langgraph.types import Overwrite

from smacs.errors import SmacsError
from smacs.graph.settings import Rules
from smacs.nodes.shared.run import Tools
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.telemetry import span

_CLOSING = 2.0  # seconds for connections to close when a program ends

under_way: ContextVar[tuple[str, Any]] = ContextVar("smacs_under_way")
"""Name and input of the node that is running: whom an LLM is called by."""

NodeFunction = Callable[[Any, Tools], Coroutine[Any, Any, dict[str, Any]]]


class Workshop:
    """What all nodes of one graph share: pool, bank, prompts, and how a run's settings come about."""

    def __init__(self, pool: Pool, bank: QuestionBank, prompts: Prompts, rules: Rules) -> None:
        self.pool = pool
        self.bank = bank
        self.prompts = prompts
        self.rules = rules

    def tools(self) -> Tools:
        """The tools for the run that is under way."""
        runtime = get_runtime()
        settings = self.rules.settings(runtime.context)
        return Tools(self.pool, self.bank, self.prompts, settings, runtime.stream_writer)


class Node(Runnable[Any, dict[str, Any]]):
    """A node function with its tools, as a runnable for `add_node`."""

    def __init__(self, function: NodeFunction, workshop: Workshop) -> None:
        self.name = getattr(function, "__name__", "node")
        self._function = function
        self._workshop = workshop

    def invoke(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> dict[str, Any]:
        """Run the node from sync code, on an event loop that all sync callers share."""
        return run_sync(self.ainvoke(input, config))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> dict[str, Any]:  # noqa: ARG002
        """Run the node."""
        tools = self._workshop.tools()
        name = self.get_name()
        under_way.set((name, input))
        with span(name, **{"smacs.k": tools.settings.k, "smacs.n": tools.settings.n}) as open_span:
            try:
                update = await self._function(input, tools)
            except SmacsError as error:
                raise self._workshop.pool.told(error) from error.__cause__
            open_span.set(**{"smacs.degraded": _degraded(update) or None})
            return update


def _degraded(update: Mapping[str, Any]) -> int:
    """How many reasons a node gave why the answer is less than it could be."""
    reasons: Any = update.get("degraded", [])
    return len(reasons.value if isinstance(reasons, Overwrite) else reasons)


def run_sync(coroutine: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """The result of a coroutine, from sync code."""
    return asyncio.run_coroutine_threadsafe(coroutine, background_loop()).result()


@cache
def background_loop() -> asyncio.AbstractEventLoop:
    """An event loop on a daemon thread, started at the first sync call, and closed with the program."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run_to_the_end, args=(loop,), name="smacs-loop", daemon=True)
    thread.start()
    atexit.register(_end, loop, thread)
    return loop


def _run_to_the_end(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped; the connections that were made in it close then."""
    loop.run_forever()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_CLOSING)
