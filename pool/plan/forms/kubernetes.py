"""Helm values for vLLM's production stack: its router finds the servers and gives all of them one URL.

The keys are those of its chart (github.com/vllm-project/production-stack, helm/values.schema.json). A pod has GPUs of
its own, so that in this form no two servers share one.
"""

from collections import Counter
from math import ceil
from typing import Any

from smacs.pool.launch.gpus.fit import Placement
from smacs.pool.launch.table import GpuLaunch
from smacs.pool.plan.forms import IMAGE, TAG, Form, dns_name, title
from smacs.pool.plan.plan import Plan

_PERIOD = 10  # seconds between two probes
_CPUS = 4  # of one GPU
_MEMORY = 48  # GiB of one GPU
_SPARE = 1.2  # disk over the size of the weights
_URL = "http://smacs-router-service/v1"  # the release is called smacs


def write(plan: Plan, index: int) -> str:
    """The values of one round."""
    import yaml

    placements = plan.rounds[index]
    copies = Counter(each.server.llm for each in placements)
    first = {each.server.llm: each for each in reversed(placements)}
    longest = max(each.server.launch.ready for each in placements)
    probe = {"initialDelaySeconds": 15, "periodSeconds": _PERIOD, "failureThreshold": ceil(longest / _PERIOD)}
    engine = {
        "containerSecurityContext": {"runAsNonRoot": False, **_closed()},
        "startupProbe": probe | {"httpGet": {"path": "/health", "port": 8000}},
        "modelSpec": [_model(first[llm], number) for llm, number in copies.items()],
    }
    router = {
        "replicaCount": 1,
        "routingLogic": "prefixaware" if max(copies.values()) > 1 else "roundrobin",
        "containerSecurityContext": _closed(),
    }
    text: str = yaml.safe_dump({"servingEngineSpec": engine, "routerSpec": router}, sort_keys=False, width=10_000)
    return "".join(f"# {line}\n" for line in _comment(plan, index)) + text


def _closed() -> dict[str, Any]:
    """A container without rights. vLLM's image runs as root."""
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _comment(plan: Plan, index: int) -> list[str]:
    return [
        title(plan, index),
        "kubectl create secret generic hf-token --from-literal=token=...",
        "helm repo add vllm https://vllm-project.github.io/production-stack",
        "helm upgrade --install smacs vllm/vllm-stack -f THIS-FILE",
    ]


def _model(placement: Placement, copies: int) -> dict[str, Any]:
    server, size = placement.server, placement.parallel
    return {
        "name": dns_name(server.llm),
        "repository": IMAGE,
        "tag": TAG,
        "modelURL": server.launch.hub,
        "replicaCount": copies,
        "requestCPU": _CPUS * size,
        "requestMemory": f"{_MEMORY * size}Gi",
        "requestGPU": size,
        "pvcStorage": f"{ceil(server.weights * _SPARE / 1e9)}Gi",
        "hf_token": {"secretName": "hf-token", "secretKey": "token"},
        "vllmConfig": {
            "enablePrefixCaching": not server.launch.is_embedder,
            "maxModelLen": server.window,
            "tensorParallelSize": size,
            "gpuMemoryUtilization": placement.memory,
            "extraArgs": _extra(server.model, server.launch),
        },
    }


def _extra(model: str, launch: GpuLaunch) -> list[str]:
    """The flags that the chart has no key for."""
    bare = launch.model_copy(update={"tensor_parallel": None, "memory": None, "context": None})
    return [word for word in bare.arguments(model)[1:] if word != "--enable-prefix-caching"]


def _url(_plan: Plan, _placement: Placement) -> str:
    return _URL


FORM = Form("kubernetes", False, write, _url)
