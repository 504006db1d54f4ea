"""A shell script of `vllm serve` commands, one for each server."""

import shlex
from collections.abc import Iterator

from smacs.pool.launch.gpus.fit import Placement
from smacs.pool.plan.forms import Form, device_ids, endpoint, machine, title, waits_for, words
from smacs.pool.plan.plan import Plan

_OPEN = """\
# Anybody on the network reaches the servers: set VLLM_API_KEY, and name it as `api_key_env` in the pool file."""
_HEAD = """\
set -u
trap 'kill $(jobs -p) 2>/dev/null' EXIT
ready() {  # name port pid: wait until it serves
  until curl -sf -o /dev/null "http://127.0.0.1:$2/health"; do
    kill -0 "$3" 2>/dev/null || { echo "$1 has ended" >&2; exit 1; }
    sleep 5
  done
}
"""


def write(plan: Plan, index: int) -> str:
    """The script; with several machines its argument is the number of the machine that it runs on."""
    placements = plan.rounds[index]
    used = sorted({machine(each) for each in placements})
    lines = ["#!/usr/bin/env bash", f"# {title(plan, index)}"]
    lines += [_OPEN] if plan.machines > 1 else []
    lines += [_HEAD]
    if len(used) > 1:
        lines += [f'here="${{1:?expected the number of this machine, {used[0]} to {used[-1]}}}"', ""]
    for number in used:
        body = list(_machine(plan, [each for each in placements if machine(each) == number]))
        lines += [f'if [ "$here" = {number} ]; then', *body, "fi"] if len(used) > 1 else body
    return "\n".join([*lines, "wait"]) + "\n"


def _machine(plan: Plan, placements: list[Placement]) -> Iterator[str]:
    host = "127.0.0.1" if plan.machines == 1 else "0.0.0.0"
    for position, placement in enumerate(placements):
        for other in waits_for(placement, placements[:position]):
            yield f"ready {shlex.quote(other.server.name)} {other.server.port} $pid_{placements.index(other)}"
        yield f"CUDA_VISIBLE_DEVICES={','.join(device_ids(placement))} {command(placement, host)} &"
        yield f"pid_{position}=$!"


def command(placement: Placement, host: str) -> str:
    """The `vllm serve` command of a server, quoted for a shell."""
    return shlex.join(["vllm", "serve", *words(placement, host, placement.server.port)])


FORM = Form("commands", True, write, endpoint)
