"""A server to be run: all that starting it takes, also for the second time."""

from dataclasses import dataclass, field

from smacs.pool.plan.server import server_name


@dataclass(frozen=True, slots=True)
class Job:
    """A server of an LLM, the `copy`-th one counted from 0.

    `weights` names what it serves, `alias` is what clients call it. `environment` is added to this process's own,
    `gpus` are those it computes on. Loading may take `ready` seconds; `remedy` is what to do when it does not start.
    """

    llm: str
    copy: int
    alias: str
    weights: str
    port: int
    command: tuple[str, ...]
    ready: float
    remedy: str
    environment: dict[str, str] = field(default_factory=dict)
    gpus: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The server's own name."""
        return server_name(self.llm, self.copy)

    @property
    def url(self) -> str:
        """Base URL for OpenAI clients."""
        return f"http://127.0.0.1:{self.port}/v1"
