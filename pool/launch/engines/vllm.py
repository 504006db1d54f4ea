"""vLLM: an environment of its own, because its pins clash with ours.

`SMACS_VLLM` names that environment's folder or its Python. The server is tied to us by `lifeline.py`, which its Python
runs; weights are fetched by vLLM itself, and land where `HF_HOME` says. The flags are those of vLLM 0.32.
"""

import json
import os
import subprocess
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from smacs.errors import ServerError
from smacs.pool.launch import lifeline
from smacs.pool.launch.engines import Order
from smacs.pool.launch.gpus.machine import Seat, seats_here
from smacs.pool.launch.process import HOST, Job
from smacs.pool.launch.table import GpuLaunch, Table
from smacs.progress import Progress

VARIABLE = "SMACS_VLLM"
MODULE = "vllm.entrypoints.openai.api_server"
LOOK = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
MAKE = "make one with: python3 -m venv vllm && vllm/bin/pip install vllm && export SMACS_VLLM=$PWD/vllm"
REMEDY = f"Mend `launch` in the pool file (`smacs models plan` says what fits), or the environment of {VARIABLE}."


class Yarn(Table):
    """YaRN, which stretches a window that is too short."""

    factor: float = Field(gt=1, description="New window over the original one.")
    original: int = Field(gt=0, description="Original window in tokens.")
    theta: float = Field(gt=0, description="rope_theta of the config.json: the override replaces all of RoPE.")


class VllmLaunch(GpuLaunch):
    """A model that vLLM serves on GPUs, in an environment of its own."""

    engine: Literal["vllm"]
    yarn: Yarn | None = Field(default=None, description="Where the model's own window is shorter than `context`.")
    reasoning_parser: str | None = Field(default=None, description="vLLM's parser that puts thinking in its own field.")
    options: dict[str, Any] = Field(default_factory=dict, description="Further `vllm serve` flags: name = value.")

    @property
    def is_embedder(self) -> bool:
        """Whether vLLM's runner is the one for embeddings."""
        return self.options.get("runner") == "pooling"

    def arguments(
        self,
        name: str,
        *,
        context: int | None = None,
        host: str | None = None,
        port: int | None = None,
        tensor_parallel: int | None = None,
        memory: float | None = None,
    ) -> list[str]:
        """The words after `vllm serve`.

        Prefix caching is on by default, and said all the same: the aggregation stage lives on it.
        """
        flags: dict[str, Any] = {
            "revision": self.revision,
            "served_model_name": name,
            "host": host,
            "port": port,
            "tensor_parallel_size": self.tensor_parallel or tensor_parallel,
            "max_model_len": self.context or context,
            "gpu_memory_utilization": self.memory or memory,
            "enable_prefix_caching": None if self.is_embedder else True,
            "reasoning_parser": self.reasoning_parser,
            "hf_overrides": _overrides(self.yarn) if self.yarn else None,
        }
        given = {key.replace("-", "_"): value for key, value in self.options.items()}
        words = (word for flag, value in (flags | given).items() if value is not None for word in _words(flag, value))
        return [self.hub, *words]


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


@dataclass(frozen=True, slots=True)
class Vllm:
    """See `smacs.pool.launch.engines.Engine`."""

    name: str = "vllm"
    title: str = "vLLM"
    table: type[VllmLaunch] = VllmLaunch

    def jobs(self, orders: Sequence[Order[VllmLaunch]], busy: Collection[int], progress: Progress) -> list[Job]:  # noqa: ARG002
        """See `Engine.jobs`."""
        python = find_python()
        seats = seats_here(orders, busy)
        return [_job(order, python, seats.get(order.name)) for order in orders]


def find_python() -> str:
    """The Python of the environment that has vLLM. Raises ServerError that says how to make one."""
    given = os.environ.get(VARIABLE)
    if not given:
        raise ServerError(f"vLLM needs an environment of its own, and {VARIABLE} does not say where it is; {MAKE}")
    path = Path(given).expanduser().absolute()
    python = path / "bin" / "python" if path.is_dir() else path
    try:
        looked = subprocess.run([python, "-c", LOOK], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise ServerError(
            f"{VARIABLE} is {given!r}; expected the folder of an environment that has vLLM, or its Python: "
            f"{error.strerror}; {MAKE}"
        ) from error
    if looked.returncode:
        raise ServerError(f"{VARIABLE} is {given!r}, but its Python finds no package vllm; {MAKE}")
    return str(python)


def _job(order: Order[VllmLaunch], python: str, seat: Seat | None) -> Job:
    launch = order.launch
    model, *flags = launch.arguments(
        order.alias,
        context=order.context,
        host=HOST,
        port=order.port,
        tensor_parallel=seat.tensor_parallel if seat else None,
        memory=seat.memory if seat else None,
    )
    gpus = seat.gpus if seat else ()
    return Job(
        llm=order.llm,
        copy=order.copy,
        alias=order.alias,
        weights=launch.weights,
        port=order.port,
        command=(python, lifeline.__file__, MODULE, "--model", model, *flags),
        ready=launch.ready,
        remedy=REMEDY,
        environment={"CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))} if gpus else {},
        gpus=gpus,
    )


ENGINE = Vllm()
