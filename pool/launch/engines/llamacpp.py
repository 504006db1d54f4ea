"""llama.cpp: weights in one file, a server in this very environment (`smacs.pool.launch.engines.llamacpp_server`)."""

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from smacs.errors import ServerError
from smacs.pool.launch.engines import Order
from smacs.pool.launch.process import Job
from smacs.pool.launch.table import Launch, ModelFile
from smacs.pool.launch.weights.files import is_verified, pull
from smacs.progress import Progress

READY = 300.0  # seconds
REMEDY = "Mend `launch` in the pool file; if the model file is broken, delete it and run `smacs models pull`."


class LlamaCppLaunch(Launch):
    """An LLM that llama.cpp serves on this machine. Without an `endpoint` a free loopback port is taken."""

    engine: Literal["llamacpp"] = "llamacpp"
    file: ModelFile
    context: int = Field(default=4096, gt=0, description="Context window of one request, in tokens.")
    slots: int = Field(default=4, gt=0, description="Requests served at once.")
    threads: int | None = Field(default=None, gt=0, description="Threads; default: all cores.")
    options: dict[str, Any] = Field(default_factory=dict, description="Further engine parameters.")

    @property
    def weights(self) -> str:
        """The path of the weights."""
        return str(self.file.path)

    @property
    def hub_id(self) -> str | None:
        """What the file says."""
        return self.file.hub

    @property
    def weights_size(self) -> float:
        """Of the file."""
        return self.file.size

    @property
    def weights_license(self) -> str:
        """What the file says."""
        return self.file.license

    @property
    def weights_file(self) -> ModelFile:
        """All the weights."""
        return self.file


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """See `smacs.pool.launch.engines.Engine`."""

    name: str = "llamacpp"
    title: str = "llama.cpp"
    table: type[LlamaCppLaunch] = LlamaCppLaunch

    def jobs(self, orders: Sequence[Order[LlamaCppLaunch]], busy: Collection[int], progress: Progress) -> list[Job]:  # noqa: ARG002
        """See `Engine.jobs`; it has no use for GPUs."""
        if orders and find_spec("xllamacpp") is None:
            raise ServerError("The engine for local LLMs is not installed: pip install 'smacs[local]'")
        return [_job(order, _fetch(order, progress)) for order in orders]


def _job(order: Order[LlamaCppLaunch], weights: Path) -> Job:
    launch = order.launch
    # -P: a folder called smacs in the working directory is not ours.
    command = [
        sys.executable,
        "-P",
        "-m",
        "smacs.pool.launch.engines.llamacpp_server",
        "--lifeline",
        "--model",
        str(weights),
    ]
    command += ["--alias", order.alias, "--port", str(order.port)]
    command += ["--context", str(launch.context), "--slots", str(launch.slots)]
    command += ["--options", json.dumps(launch.options)]
    command += ["--threads", str(launch.threads)] if launch.threads else []
    return Job(
        llm=order.llm,
        copy=order.copy,
        alias=order.alias,
        weights=str(weights),
        port=order.port,
        command=tuple(command),
        ready=READY,
        remedy=REMEDY,
    )


def _fetch(order: Order[LlamaCppLaunch], progress: Progress) -> Path:
    file, told = order.launch.file, ""

    def tell(done: int, doing: str) -> None:
        nonlocal told
        if doing != told:
            progress(f"{order.llm}: {doing}, {done / 1e6:.0f} of {file.size / 1e6:.0f} MB")
            told = doing

    return file.path if is_verified(file) else pull(file, progress=tell)


ENGINE = LlamaCpp()
