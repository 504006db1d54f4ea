"""The words after `vllm serve`: what the plan prints and what `smacs models up` starts are the same.

Written for vLLM 0.32. Prefix caching is on by default there, and said all the same: the aggregation stage lives on it.
"""

import json
from collections.abc import Iterator
from typing import Any

from smacs.pool.launch.table import VllmLaunch, Yarn


def serve_arguments(
    name: str,
    launch: VllmLaunch,
    *,
    context: int | None = None,
    host: str | None = None,
    port: int | None = None,
    tensor_parallel: int | None = None,
    memory: float | None = None,
) -> list[str]:
    """The hub id first, then the flags; `name` is what clients call the model, `context` its window in tokens.

    `tensor_parallel` and `memory` (share of a GPU's memory) hold where the launch itself does not say.
    """
    flags: dict[str, Any] = {
        "revision": launch.revision,
        "served_model_name": name,
        "host": host,
        "port": port,
        "tensor_parallel_size": launch.tensor_parallel or tensor_parallel,
        "max_model_len": launch.context or context,
        "gpu_memory_utilization": launch.memory or memory,
        "enable_prefix_caching": None if is_pooling(launch) else True,
        "reasoning_parser": launch.reasoning_parser,
        "hf_overrides": _overrides(launch.yarn) if launch.yarn else None,
    }
    given = {key.replace("-", "_"): value for key, value in launch.options.items()}
    words = (word for flag, value in (flags | given).items() if value is not None for word in _words(flag, value))
    return [launch.hub, *words]


def is_pooling(launch: VllmLaunch) -> bool:
    """Whether it is served as an embedder."""
    return launch.options.get("runner") == "pooling"


def _words(flag: str, value: Any) -> Iterator[str]:
    """A flag as the command line wants it: `--flag`, `--no-flag`, or the flag and its values."""
    name = flag.replace("_", "-")
    if isinstance(value, bool):
        yield f"--{name}" if value else f"--no-{name}"
        return
    yield f"--{name}"
    for each in value if isinstance(value, list) else [value]:
        yield json.dumps(each) if isinstance(each, dict) else str(each)


def _overrides(yarn: Yarn) -> dict[str, Any]:
    # The longer window is named too: vLLM takes it from there, and not from the factor.
    rope = {
        "rope_type": "yarn",
        "rope_theta": yarn.theta,
        "factor": yarn.factor,
        "original_max_position_embeddings": yarn.original,
    }
    return {"rope_parameters": rope, "max_position_embeddings": round(yarn.factor * yarn.original)}
