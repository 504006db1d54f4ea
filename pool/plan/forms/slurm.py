"""A Slurm batch script: the servers as steps of one job, and a command of the user's beside them."""

import shlex
from collections.abc import Iterator

from smacs.errors import InputError
from smacs.pool.launch.gpus.fit import Placement
from smacs.pool.plan.forms import Form, device_ids, endpoint, machine, title, waits_for
from smacs.pool.plan.forms.commands import command
from smacs.pool.plan.plan import Plan

_HEAD = """\
# sbatch {name} COMMAND...: serve, run COMMAND once all are up, end. Without COMMAND: serve until the job ends.
# Anybody on the cluster's network reaches the servers: set VLLM_API_KEY, and name it as `api_key_env` in the pool file.
set -u
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
trap 'kill $(jobs -p) 2>/dev/null' EXIT
serve() {{  # machine, GPUs, command
  local node="${{nodes[$1]}}" gpus="$2"
  shift 2
  srun --overlap --nodes=1 --ntasks=1 --gpus-per-node={gpus} --nodelist="$node" \\
    env CUDA_VISIBLE_DEVICES="$gpus" "$@" &
}}
ready() {{  # name, machine, port, pid: wait until it serves
  until curl -sf -o /dev/null "http://${{nodes[$2]}}:$3/health"; do
    kill -0 "$4" 2>/dev/null || {{ echo "$1 has ended" >&2; exit 1; }}
    sleep 5
  done
}}
"""


def write(plan: Plan, index: int) -> str:
    """The script of one round.

    Raises:
        InputError: the machines are not alike.
    """
    placed = plan.rounds[index]
    gpus = _gpus_per_node(plan)
    nodes = max(machine(each) for each in placed) + 1
    lines = ["#!/usr/bin/env bash", "#SBATCH --job-name=smacs", f"#SBATCH --nodes={nodes}"]
    lines += [f"#SBATCH --gpus-per-node={gpus}", "#SBATCH --exclusive", "#SBATCH --time=24:00:00"]
    lines += [f"# {title(plan, index)}", _HEAD.format(name="THIS-FILE", gpus=gpus), *_steps(placed)]
    lines += [_ready(at, each) for at, each in enumerate(placed)]
    lines += [_told(each) for each in placed]
    return "\n".join([*lines, 'if [ "$#" -gt 0 ]; then "$@"; else wait; fi']) + "\n"


def _steps(placements: list[Placement]) -> Iterator[str]:
    for at, placement in enumerate(placements):
        for other in waits_for(placement, placements[:at]):
            yield _ready(placements.index(other), other)
        yield f"serve {machine(placement)} {','.join(device_ids(placement))} {command(placement, '0.0.0.0')}"
        yield f"pid_{at}=$!"


def _ready(at: int, placement: Placement) -> str:
    server = placement.server
    return f"ready {shlex.quote(server.name)} {machine(placement)} {server.port} $pid_{at}"


def _told(placement: Placement) -> str:
    server = placement.server
    return f'echo {shlex.quote(server.name)} "http://${{nodes[{machine(placement)}]}}:{server.port}/v1"'


def _gpus_per_node(plan: Plan) -> int:
    counts = {number: sum(gpu.machine == number for gpu in plan.gpus) for number in {g.machine for g in plan.gpus}}
    if len(set(counts.values())) > 1:
        raise InputError("--form slurm: expected machines with equal numbers of GPUs, such as --gpus 3x8x80G")
    return next(iter(counts.values()))


FORM = Form("slurm", True, write, endpoint)
