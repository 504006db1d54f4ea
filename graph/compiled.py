"""The graph of a system, and its compiled forms: one to ask or to give to an agent as a tool, one that is let in.

A server lets the runs of its graphs begin: it may refuse one, and learns when it ends, whoever started it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, ClassVar, TypeVar, cast

from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, Field

_DESCRIPTION = "Asks several LLMs together and returns one answer. It knows nothing of the conversation so far."

Stream = AsyncGenerator[Any, None]
Gate = Callable[[Any, Any, Any], AbstractAsyncContextManager[Any]]
"""What is entered for each run, given the graph, the run's config and its context; it gives the config to run with."""


class SystemGraph(StateGraph[Any, Any, Any, Any]):
    """The uncompiled graph of a system."""

    def compile(self, *args: Any, **kwargs: Any) -> "CompiledSystem":
        """See `StateGraph.compile`."""
        return _as(CompiledSystem, super().compile(*args, **kwargs))


class ToolInput(BaseModel):
    """What an agent's LLM fills in."""

    question: str = Field(description="The whole question, with everything that is needed to answer it.")


class CompiledSystem(CompiledStateGraph[Any, Any, Any, Any]):
    """A system ready to be asked, also as a tool that takes a question alone."""

    def as_tool(
        self,
        args_schema: type[BaseModel] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, type] | None = None,
    ) -> BaseTool:
        """A tool that takes a question and returns the answer, with the trace as its artifact.

        With a schema or types of your own it takes and returns what the graph does, as every runnable's tool.
        """
        if args_schema or arg_types:
            return super().as_tool(args_schema, name=name, description=description, arg_types=arg_types)

        def ask(question: str) -> tuple[str, dict[str, Any]]:
            return _content_and_artifact(self.invoke({"question": question}))

        async def aask(question: str) -> tuple[str, dict[str, Any]]:
            return _content_and_artifact(await self.ainvoke({"question": question}))

        return StructuredTool.from_function(
            func=ask,
            coroutine=aask,
            name=name or self.get_name(),
            description=description or _DESCRIPTION,
            args_schema=ToolInput,
            response_format="content_and_artifact",
        )


class GatedSystem(CompiledSystem):
    """A system whose runs are within `gate`, once there is one; its copies, which LangGraph's server runs, too."""

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


def compile_gated(graph: StateGraph[Any, Any, Any, Any], name: str) -> GatedSystem:
    """The graph of a system, compiled for a server."""
    return _as(GatedSystem, graph.compile(name=name))


Compiled = TypeVar("Compiled", bound=CompiledStateGraph[Any, Any, Any, Any])


def _as(kind: type[Compiled], compiled: CompiledStateGraph[Any, Any, Any, Any]) -> Compiled:
    """The same graph as one of a class of ours; `StateGraph` fixes the class of what it compiles."""
    compiled.__class__ = kind
    assert isinstance(compiled, kind)
    return compiled


def _content_and_artifact(result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return result["answer"], {key: value for key, value in result.items() if key != "messages"}
