"""The forms of a plan: each writes one round of it as something to run.

A new module with a `FORM` is a new value of `--form`. Nothing else changes. What the forms share is here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smacs.pool.launch.gpus.fit import Placement
from smacs.pool.plan.plan import Plan

IMAGE = "vllm/vllm-openai"
TAG = "v0.32.0"
INSIDE = 8000  # the port inside a container


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a round.

    `shares`: whether servers may share a GPU in it; `write` takes the round's index; `url` is where clients reach a
    server.
    """

    name: str
    shares: bool
    write: Callable[[Plan, int], str]
    url: Callable[[Plan, Placement], str]


def words(placement: Placement, host: str, port: int) -> list[str]:
    """The words after `vllm serve`."""
    server = placement.server
    return server.launch.arguments(
        server.model,
        context=server.window,
        host=host,
        port=port,
        tensor_parallel=placement.parallel,
        memory=placement.memory,
    )


def device_ids(placement: Placement) -> list[str]:
    """Numbers of its GPUs on their machine."""
    return [str(gpu.number) for gpu in placement.gpus]


def machine(placement: Placement) -> int:
    """The machine that it is on."""
    return placement.gpus[0].machine


def waits_for(placement: Placement, before: Sequence[Placement]) -> list[Placement]:
    """Those of `before` on one of its GPUs: a server measures free memory while it starts, so they go first."""
    return [other for other in before if set(other.gpus) & set(placement.gpus)]


def dns_name(name: str) -> str:
    """A name that containers and services may have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def title(plan: Plan, index: int) -> str:
    """One line that says what this is."""
    names = " ".join(", ".join(each.server.name for each in plan.rounds[index]).split())  # a line break would run
    return f"Round {index + 1} of {len(plan.rounds)}: {names}"


def endpoint(plan: Plan, placement: Placement) -> str:
    """Base URL of a server at its own port."""
    return f"http://{plan.host(placement)}:{placement.server.port}/v1"


def endpoints(form: Form, plan: Plan) -> dict[str, list[str]]:
    """LLM, or "embedder" -> base URLs of its servers, over all rounds."""
    found: dict[str, list[str]] = {}
    for placement in (placement for placements in plan.rounds for placement in placements):
        urls = found.setdefault(placement.server.llm, [])
        if (url := form.url(plan, placement)) not in urls:
            urls.append(url)
    return found
