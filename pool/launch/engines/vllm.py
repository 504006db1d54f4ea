"""vLLM: an environment of its own, because its pins clash with ours; GPUs are given out by the plan.

`SMACS_VLLM` names that environment's folder or its Python. The server is tied to us by `lifeline.py`, which its Python
runs; weights are fetched by vLLM itself, and land where `HF_HOME` says.
"""

import os
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smacs.errors import ServerError
from smacs.pool.config import LLMSpec, PoolFile
from smacs.pool.launch import lifeline
from smacs.pool.launch.engines import Wanted
from smacs.pool.launch.gpus import gpus_here
from smacs.pool.launch.job import Job
from smacs.pool.launch.ports import HOST
from smacs.pool.launch.table import VllmLaunch
from smacs.pool.plan.here import Seat, seats_here
from smacs.pool.plan.serve_arguments import serve_arguments
from smacs.progress import Progress

VARIABLE = "SMACS_VLLM"
MODULE = "vllm.entrypoints.openai.api_server"
LOOK = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
MAKE = "make one with: python3 -m venv vllm && vllm/bin/pip install vllm && export SMACS_VLLM=$PWD/vllm"
REMEDY = f"Mend `launch` in the pool file (`smacs models plan` says what fits), or the environment of {VARIABLE}."


@dataclass(frozen=True)
class Vllm:
    """See `smacs.pool.launch.engines.Engine`."""

    def weights(self, spec: LLMSpec) -> str:
        """Hub id or folder, with the revision."""
        launch = _launch(spec)
        return f"{launch.hub}@{launch.revision}" if launch.revision else launch.hub

    def jobs(self, wanted: Sequence[Wanted], busy: Collection[int], progress: Progress) -> list[Job]:  # noqa: ARG002
        """See `Engine.jobs`."""
        python = find_python()
        seats = _seats(wanted, busy)
        return [_job(each, python, seats.get(each.name)) for each in wanted]


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


def _job(wanted: Wanted, python: str, seat: Seat | None) -> Job:
    launch = _launch(wanted.spec)
    model, *flags = serve_arguments(
        wanted.alias,
        launch,
        context=wanted.spec.context,
        host=HOST,
        port=wanted.port,
        tensor_parallel=seat.tensor_parallel if seat else None,
        memory=seat.memory if seat else None,
    )
    gpus = seat.gpus if seat else ()
    return Job(
        llm=wanted.llm,
        copy=wanted.copy,
        alias=wanted.alias,
        weights=Vllm().weights(wanted.spec),
        port=wanted.port,
        command=(python, lifeline.__file__, MODULE, "--model", model, *flags),
        ready=launch.ready,
        remedy=REMEDY,
        environment={"CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))} if gpus else {},
        gpus=gpus,
    )


def _seats(wanted: Sequence[Wanted], busy: Collection[int]) -> Mapping[str, Seat]:
    """Server name -> GPUs: those that the pool file names, else the plan's; none on a machine without GPUs."""
    named = {each.name: seat for each in wanted if (seat := _named_seat(each))}
    rest = [each for each in wanted if each.name not in named]
    taken = {*busy, *(gpu for seat in named.values() for gpu in seat.gpus)}
    memories = gpus_here(taken) if rest else []
    if not memories:
        return named
    single = {each.name: _one_copy(each.spec) for each in rest}
    return named | seats_here(PoolFile(llms=single, aggregators=list(single)[:1]), "this pool", memories)


def _named_seat(wanted: Wanted) -> Seat | None:
    """The copy's part of the `gpus` that the pool file names: one after another, as many each."""
    launch = _launch(wanted.spec)
    if launch.gpus is None:
        return None
    size = launch.tensor_parallel or max(len(launch.gpus) // launch.replicas, 1)
    mine = tuple(launch.gpus[wanted.copy * size : (wanted.copy + 1) * size])
    if len(mine) < size:
        raise ServerError(
            f"{wanted.llm}: `gpus` names {len(launch.gpus)}; expected {size} for each of {launch.replicas} replicas."
        )
    return Seat(mine, launch.memory or 0.9)


def _one_copy(spec: LLMSpec) -> LLMSpec:
    return spec.model_copy(update={"launch": _launch(spec).model_copy(update={"replicas": 1})})


def _launch(spec: LLMSpec) -> VllmLaunch:
    assert isinstance(spec.launch, VllmLaunch)
    return spec.launch
