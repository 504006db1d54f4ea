"""Shows a plan: as rows with the arithmetic, as sentences, and as JSON."""

from collections.abc import Iterator
from typing import Any

from smacs.pool.launch.gpus.fit import Placement
from smacs.pool.launch.gpus.memory import GB, RESERVE, kv_bytes_per_token
from smacs.pool.plan.plan import Plan, together

COLUMNS = ("server", "weights GB", "KV bytes/token", "KV tokens", "KV GB", "TP", "GB a GPU", "GPUs", "share", "windows")
ARITHMETIC = (
    "weights = parameters x bytes; KV bytes/token = 2 x layers x KV heads x head dimension x bytes; "
    f"GB a GPU = weights/TP + KV/TP + {RESERVE / GB:.0f} reserve; share = --gpu-memory-utilization; "
    "windows = whole windows that the KV cache holds in the end"
)


def row(placement: Placement) -> tuple[str, ...]:
    """The cells of a server, in the order of `COLUMNS`."""
    server = placement.server
    return (
        server.name,
        f"{server.weights / GB:.1f}",
        f"{kv_bytes_per_token(server.shape):,.0f}",
        f"{server.tokens:,}",
        f"{server.kv / GB:.1f}",
        str(placement.parallel),
        f"{placement.need / GB:.1f}",
        _gpus(placement),
        f"{placement.memory:.3f}",
        f"{placement.kv_tokens / server.window:.1f}",
    )


def sentences(plan: Plan) -> Iterator[str]:
    """What does not fit together or at all, and what to do about it."""
    if len(plan.rounds) > 1:
        machines = together(plan)
        yield (
            f"These do not fit onto {len(plan.gpus)} GPUs at once: {len(plan.rounds)} rounds, one after another. "
            + (f"All at once they need {machines} machines like the first one. " if machines else "")
            + 'Smaller: fp8 weights (`weight_bytes = 1`, `options = { quantization = "fp8" }`), a shorter `context`, '
            "fewer calls `in_flight`."
        )
    for misfit in plan.misfits:
        yield f"{misfit.server.name} fits into no round: {misfit.why}."


def as_json(plan: Plan) -> dict[str, Any]:
    """Everything in plain types; bytes and tokens as numbers."""
    return {
        "gpus": [{"machine": gpu.machine, "number": gpu.number, "bytes": gpu.memory} for gpu in plan.gpus],
        "utilization": plan.rules.utilization,
        "rounds": [[_placed(placement) for placement in placements] for placements in plan.rounds],
        "misfits": [{"server": misfit.server.name, "why": misfit.why} for misfit in plan.misfits],
    }


def _placed(placement: Placement) -> dict[str, Any]:
    server = placement.server
    return {
        "server": server.name,
        "model": server.model,
        "hub": server.launch.hub,
        "machine": placement.gpus[0].machine,
        "gpus": [gpu.number for gpu in placement.gpus],
        "port": server.port,
        "tensor_parallel": placement.parallel,
        "memory": placement.memory,
        "window": server.window,
        "weight_bytes": server.weights,
        "kv_bytes_per_token": kv_bytes_per_token(server.shape),
        "kv_bytes": server.kv,
        "kv_tokens": placement.kv_tokens,
        "bytes_per_gpu": placement.need,
    }


def _gpus(placement: Placement) -> str:
    numbers = ",".join(str(gpu.number) for gpu in placement.gpus)
    return f"{placement.gpus[0].machine}: {numbers}"
