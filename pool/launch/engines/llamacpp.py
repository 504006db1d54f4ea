"""llama.cpp: weights in one file, a server in this very environment (`smacs.pool.launch.engines.llamacpp_server`)."""

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from smacs.errors import ServerError
from smacs.pool.config import LLMSpec
from smacs.pool.launch.engines import Wanted
from smacs.pool.launch.job import Job
from smacs.pool.launch.table import LlamaCppLaunch
from smacs.pool.launch.weights.files import is_verified, path_of, pull
from smacs.progress import Progress

READY = 300.0  # seconds
REMEDY = "Mend `launch` in the pool file; if the model file is broken, delete it and run `smacs models pull`."


@dataclass(frozen=True)
class LlamaCpp:
    """See `smacs.pool.launch.engines.Engine`."""

    def weights(self, spec: LLMSpec) -> str:
        """The path of the weights."""
        return str(path_of(_launch(spec).file))

    def jobs(self, wanted: Sequence[Wanted], busy: Collection[int], progress: Progress) -> list[Job]:  # noqa: ARG002
        """See `Engine.jobs`; it has no use for GPUs."""
        if wanted and find_spec("xllamacpp") is None:
            raise ServerError("The engine for local LLMs is not installed: pip install 'smacs[local]'")
        return [_job(each, _fetch(each, progress)) for each in wanted]


def _job(wanted: Wanted, weights: Path) -> Job:
    launch = _launch(wanted.spec)
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
    command += ["--alias", wanted.alias, "--port", str(wanted.port)]
    command += ["--context", str(launch.context), "--slots", str(launch.slots)]
    command += ["--options", json.dumps(launch.options)]
    command += ["--threads", str(launch.threads)] if launch.threads else []
    return Job(
        llm=wanted.llm,
        copy=wanted.copy,
        alias=wanted.alias,
        weights=str(weights),
        port=wanted.port,
        command=tuple(command),
        ready=READY,
        remedy=REMEDY,
    )


def _fetch(wanted: Wanted, progress: Progress) -> Path:
    file, told = _launch(wanted.spec).file, ""

    def tell(done: int, doing: str) -> None:
        nonlocal told
        if doing != told:
            progress(f"{wanted.llm}: {doing}, {done / 1e6:.0f} of {file.size / 1e6:.0f} MB")
            told = doing

    return path_of(file) if is_verified(file) else pull(file, progress=tell)


def _launch(spec: LLMSpec) -> LlamaCppLaunch:
    assert isinstance(spec.launch, LlamaCppLaunch)
    return spec.launch
