"""What is to be placed: one server for each copy of each LLM that vLLM serves, and one for the embedder."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from smacs.errors import InputError
from smacs.pool.config import PoolFile
from smacs.pool.launch.table import Shape, VllmLaunch
from smacs.pool.plan.memory import RESERVE, kv_bytes, kv_share, weight_bytes
from smacs.pool.plan.serve_arguments import is_pooling

FIRST_PORT = 8000
EMBEDDER = "embedder"
EMBEDDER_WINDOW = 4096
EMBEDDER_CALLS = 4  # an embedding is done with its KV cache after one pass


@dataclass(frozen=True, slots=True)
class Server:
    """One server of an LLM, or of the embedder: `model` is what clients call it; window and KV cache in tokens."""

    name: str
    llm: str
    model: str
    launch: VllmLaunch
    shape: Shape
    window: int
    sequences: int
    tokens: int
    port: int
    pinned: bool = False  # belongs into the first round: aggregation needs it

    @property
    def weights(self) -> float:
        """Bytes of its weights."""
        return weight_bytes(self.shape)

    @property
    def kv(self) -> float:
        """Bytes of its KV cache."""
        return kv_bytes(self.shape, self.tokens, self.sequences)

    def need(self, parallel: int) -> float:
        """Bytes on each of `parallel` GPUs."""
        return self.weights / parallel + self.kv * kv_share(self.shape, parallel) + RESERVE


def server_name(llm: str, copy: int) -> str:
    """The name of the `copy`-th server of an LLM, counted from 0."""
    return llm if copy == 0 else f"{llm}#{copy + 1}"


def servers_of(file: PoolFile, source: str, mean: int, in_flight: int | None = None) -> list[Server]:
    """The servers of a pool: the embedder, then its LLMs in the pool's order.

    A KV cache holds `in_flight` calls (default: the LLM's own number) of `mean` tokens each, at least one window.

    Raises:
        InputError: vLLM serves nothing in this pool, or the shape of a model is missing.
    """
    drafts = list(_drafts(file))
    if not drafts:
        raise InputError(f'{source} has no LLM with `engine = "vllm"` in its `launch`: there is nothing to plan.')
    taken = {draft.port for draft in drafts}
    ports = (port for port in count(FIRST_PORT) if port not in taken)
    found = []
    for draft in drafts:
        if draft.launch.shape is None:
            raise InputError(f"{source}: {draft.name} has no `shape` in its `launch`, so its memory is not known.")
        calls = EMBEDDER_CALLS if is_pooling(draft.launch) else in_flight or draft.in_flight
        window = draft.launch.context or draft.context
        made = Server(
            name=draft.name,
            llm=draft.llm,
            model=draft.model,
            launch=draft.launch,
            shape=draft.launch.shape,
            window=window,
            sequences=calls,
            tokens=max(window, calls * min(mean, window)),
            port=draft.port or next(ports),
            pinned=draft.llm in (EMBEDDER, *file.aggregators[:1]),
        )
        found.append(made)
    return found


@dataclass(frozen=True, slots=True)
class _Draft:
    name: str
    llm: str
    model: str
    launch: VllmLaunch
    context: int
    in_flight: int
    port: int | None


def _drafts(file: PoolFile) -> Iterator[_Draft]:
    if file.embedder and file.embedder_launch:
        spec, port = file.embedder, _port(file.embedder.endpoint)
        yield _Draft(EMBEDDER, EMBEDDER, spec.model, file.embedder_launch, EMBEDDER_WINDOW, spec.in_flight, port)
    for name, llm in file.llms.items():
        if isinstance(launch := llm.launch, VllmLaunch):
            for copy in range(launch.replicas):
                port = None if copy else _port(llm.endpoint)
                yield _Draft(server_name(name, copy), name, llm.model or name, launch, llm.context, llm.in_flight, port)


def _port(endpoint: str | None) -> int | None:
    return urlsplit(endpoint).port if endpoint else None
