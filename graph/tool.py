"""A system's graph that is also a tool: an agent asks it a question, and gets the answer as text."""

from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, Field

_DESCRIPTION = "Asks several LLMs together and returns one answer. It knows nothing of the conversation so far."


class ToolInput(BaseModel):
    """What an agent's LLM fills in."""

    question: str = Field(description="The whole question, with everything that is needed to answer it.")


class AskableGraph(StateGraph[Any, Any, Any, Any]):
    """A graph whose compiled form has `as_tool` for a question alone."""

    def compile(self, *args: Any, **kwargs: Any) -> "CompiledAskableGraph":
        """See `StateGraph.compile`."""
        compiled = super().compile(*args, **kwargs)
        compiled.__class__ = CompiledAskableGraph  # StateGraph names the class of what it makes
        assert isinstance(compiled, CompiledAskableGraph)
        return compiled


class CompiledAskableGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A system ready to be asked."""

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
            return _told(self.invoke({"question": question}))

        async def aask(question: str) -> tuple[str, dict[str, Any]]:
            return _told(await self.ainvoke({"question": question}))

        return StructuredTool.from_function(
            func=ask,
            coroutine=aask,
            name=name or self.get_name(),
            description=description or _DESCRIPTION,
            args_schema=ToolInput,
            response_format="content_and_artifact",
        )


def _told(result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return result["answer"], {key: value for key, value in result.items() if key != "messages"}
