"""Graphs whose runs a server lets begin: it may refuse one, and learns when it ends, whoever started it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, ClassVar

from langgraph.graph.state import CompiledStateGraph

from smacs.graph.frame import Graph

Gate = Callable[[Any, Mapping[str, Any] | None, Any], AbstractAsyncContextManager[None]]
"""What is entered for each run: given the graph, the run's config and its context."""


class Gated(CompiledStateGraph[Any, Any, Any, Any]):
    """A compiled graph that runs within `gate`, once there is one; its copies, which LangGraph's server runs, do, too."""

    gate: ClassVar[Gate | None] = None

    async def astream(  # type: ignore[override]
        self, input: Any, config: Any = None, *, context: Any = None, **options: Any
    ) -> AsyncIterator[Any]:
        """See `CompiledStateGraph.astream`."""
        gate = type(self).gate
        async with gate(self, config, context) if gate else nullcontext():
            async with aclosing(super().astream(input, config, context=context, **options)) as chunks:
                async for chunk in chunks:
                    yield chunk


def compile_gated(graph: Graph, name: str) -> Gated:
    """The compiled graph."""
    return Gated(**vars(graph.compile(name=name)))
