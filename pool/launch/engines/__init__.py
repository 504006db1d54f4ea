"""What serves an LLM on this machine: one file for each engine, with all that is special about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from smacs.pool.config import LLMSpec
from smacs.pool.launch.job import Job
from smacs.pool.launch.table import VllmLaunch
from smacs.pool.plan.server import server_name
from smacs.progress import Progress


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `copy`-th server of an LLM, which is to be started; `port` is where."""

    llm: str
    copy: int
    spec: LLMSpec
    port: int

    @property
    def name(self) -> str:
        """The server's own name."""
        return server_name(self.llm, self.copy)

    @property
    def alias(self) -> str:
        """What clients call the LLM."""
        return self.spec.model or self.llm


class Engine(Protocol):
    """How an engine is prepared and started."""

    def weights(self, spec: LLMSpec) -> str:
        """Names what a server of this LLM serves; another name is another server."""
        ...

    def jobs(self, wanted: Sequence[Wanted], busy: Collection[int], progress: Progress) -> list[Job]:
        """What to start, after all that takes is here; `busy` GPUs are in use.

        Raises:
            ModelFileError: the weights cannot be fetched.
            ServerError: the engine is not there, or cannot be used as the pool file says.
            InputError: the servers do not fit onto the GPUs.
        """
        ...


def engine_of(spec: LLMSpec) -> Engine:
    """The engine that its `launch` names."""
    if isinstance(spec.launch, VllmLaunch):
        from smacs.pool.launch.engines.vllm import Vllm

        return Vllm()
    from smacs.pool.launch.engines.llamacpp import LlamaCpp

    return LlamaCpp()


def copies_of(spec: LLMSpec) -> int:
    """How many servers an LLM has on this machine."""
    return spec.launch.replicas if isinstance(spec.launch, VllmLaunch) else 1
