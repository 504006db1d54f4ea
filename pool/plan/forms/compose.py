"""A Compose file: one container for each server, each with its GPUs."""

from typing import Any

from smacs.pool.launch.gpus.fit import Placement
from smacs.pool.plan.forms import (
    IMAGE,
    INSIDE,
    TAG,
    Form,
    device_ids,
    dns_name,
    endpoint,
    machine,
    title,
    waits_for,
    words,
)
from smacs.pool.plan.plan import Plan


def write(plan: Plan, index: int) -> str:
    """The file; with several machines each has a profile of its own: `docker compose --profile machine-0 up`."""
    import yaml

    placements = plan.rounds[index]
    services = {dns_name(each.server.name): _service(each, plan, placements[:at]) for at, each in enumerate(placements)}
    body = {"services": services, "volumes": {"weights": {}}}
    comment = [title(plan, index), "HF_TOKEN in the environment is used where the hub asks for a consent."]
    text: str = yaml.safe_dump(body, sort_keys=False, width=10_000)
    return "".join(f"# {line}\n" for line in comment) + text


def _service(placement: Placement, plan: Plan, before: list[Placement]) -> dict[str, Any]:
    devices = {"driver": "nvidia", "device_ids": device_ids(placement), "capabilities": ["gpu"]}
    first = {dns_name(each.server.name): {"condition": "service_healthy"} for each in waits_for(placement, before)}
    service: dict[str, Any] = {
        "image": f"{IMAGE}:{TAG}",
        "entrypoint": ["vllm", "serve"],
        "command": [word.replace("$", "$$") for word in words(placement, "0.0.0.0", INSIDE)],
        "environment": {"HF_TOKEN": "${HF_TOKEN:-}"},
        "volumes": ["weights:/root/.cache/huggingface"],
        "ports": [f"127.0.0.1:{placement.server.port}:{INSIDE}"],
        "shm_size": "16gb",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "restart": "unless-stopped",
        "healthcheck": _healthcheck(placement),
        "deploy": {"resources": {"reservations": {"devices": [devices]}}},
    }
    profiles = {"profiles": [f"machine-{machine(placement)}"]} if plan.machines > 1 else {}
    return service | profiles | ({"depends_on": first} if first else {})


def _healthcheck(placement: Placement) -> dict[str, Any]:
    return {
        "test": ["CMD", "curl", "-sf", f"http://127.0.0.1:{INSIDE}/health"],
        "interval": "10s",
        "timeout": "5s",
        "start_period": f"{placement.server.launch.ready:.0f}s",
    }


FORM = Form("compose", True, write, endpoint)
