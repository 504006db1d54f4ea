"""Graphs whose runs a server lets begin: it may refuse one, and learns when it ends, whoever started it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, ClassVar, cast

from langgraph.graph.state import CompiledStateGraph

from smacs.graph.frame import Graph

Stream = AsyncGenerator[Any, None]
Gate = Callable[[Any, Any, Any], AbstractAsyncContextManager[Any]]
"""What is entered for each run, given the graph, the run's config and its context; it gives the config to run with."""


class Gated(CompiledStateGraph[Any, Any, Any, Any]):
    """A compiled graph that runs within `gate`, once there is one; so do its copies, which LangGraph's server runs."""

    gate: ClassVar[Gate | None] = None

    async def astream(
        self, input: Any, config: Any = None, *, context: Any = None, **options: Any
    ) -> AsyncIterator[Any]:
        """See `CompiledStateGraph.astream`."""
        gate = type(self).gate
        async with (
            gate(self, config, context) if gate else nullcontext(config) as own,
            aclosing(cast(Stream, super().astream(input, own, context=context, **options))) as chunks,
        ):
            async for chunk in chunks:
                yield chunk


def compile_gated(graph: Graph, name: str) -> Gated:
    """The compiled graph."""
    return Gated(**vars(graph.compile(name=name)))
