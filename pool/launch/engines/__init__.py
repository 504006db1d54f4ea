"""The engines that serve LLMs on this machine: one module each, with its `launch` table and whatever else is its own.

To add an engine, add a module with an `ENGINE`. Nothing else changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, Protocol, TypeVar, Union

from pydantic import Discriminator, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema

from smacs.plugins import listed
from smacs.pool.launch.process import Job, server_name
from smacs.pool.launch.table import Launch
from smacs.progress import Progress

DEFAULT = "llamacpp"  # where `launch` names no engine

Kind = TypeVar("Kind", bound=Launch)


@dataclass(frozen=True, slots=True)
class Order(Generic[Kind]):
    """The `copy`-th server of an LLM that is to be started, on `port`.

    `alias` is what clients call the LLM, `context` its window in tokens, `in_flight` how many calls it gets at once.
    """

    llm: str
    copy: int
    alias: str
    launch: Kind
    context: int
    in_flight: int
    port: int

    @property
    def name(self) -> str:
        """The server's own name."""
        return server_name(self.llm, self.copy)


class Engine(Protocol[Kind]):
    """How servers of an engine are prepared and started. `title` is what people call it."""

    name: str
    title: str
    table: type[Kind]

    def jobs(self, orders: Sequence[Order[Kind]], busy: Collection[int], progress: Progress) -> list[Job]:
        """What to start, after everything that it needs has been fetched; `busy` GPUs are in use.

        Raises:
            ModelFileError: the weights cannot be fetched.
            ServerError: the engine is not installed, or cannot be used as the pool file says.
            InputError: the servers do not fit onto the GPUs.
        """
        ...


@cache
def engines() -> dict[str, Engine[Any]]:
    """All engines by name."""
    return listed(__name__, "ENGINE")


def engine_of(launch: Launch) -> Engine[Any]:
    """The engine that a `launch` table names."""
    return engines()[launch.engine]


class ByEngine:
    """Annotates a `Launch` of the pool file: it is read as the table of the engine that it names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of any of the tables."""
        tables = [Annotated[engine.table, Tag(name)] for name, engine in engines().items()]
        return handler.generate_schema(Annotated[Union[tuple(tables)], Discriminator(_named)])  # noqa: UP007


def _named(launch: Any) -> str:
    engine = launch.get("engine") if isinstance(launch, dict) else getattr(launch, "engine", None)
    return str(engine or DEFAULT)
