"""The forms of a plan: shells, YAML parsers and vLLM's own flags accept them."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from smacs.errors import InputError
from smacs.plugins import listed
from smacs.pool.config import PoolFile
from smacs.pool.launch.gpus.fit import Rules
from smacs.pool.plan.forms import Form, endpoints
from smacs.pool.plan.plan import Plan, parse_gpus, plan_pool
from smacs.pool.plan.pool_file import with_endpoints

KNOWN = set((Path(__file__).parents[1] / "samples" / "vllm-0.32.0.txt").read_text("utf-8").splitlines())
FORMS: dict[str, Form] = listed("smacs.pool.plan.forms", "FORM")
SHAPE = {"layers": 10, "heads": 20, "kv_heads": 10, "head_dim": 50, "kv_bytes": 10.0}
YARN = {"factor": 2.0, "original": 500, "theta": 10000.0}


def launch(parameters: float, **more: object) -> dict[str, Any]:
    return {"engine": "vllm", "hub": "me/it's $HOME", "shape": {"parameters": parameters, **SHAPE}, **more}


FILE = PoolFile.model_validate(
    {
        "aggregators": ["big/One"],
        "embedder": {"kind": "openai", "model": "me/emb", "endpoint": "http://127.0.0.1:8100/v1"},
        "embedder_launch": launch(5, context=512, options={"runner": "pooling"}),
        "llms": {
            "big/One": {"context": 1000, "launch": launch(60, yarn=YARN, ready=600)},
            "small 2": {"context": 1000, "launch": launch(2, reasoning_parser="qwen3", replicas=2)},
        },
    }
)


def planned(form: str, gpus: str = "2x100G") -> Plan:
    return plan_pool(FILE, "pool.toml", parse_gpus(gpus), rules=Rules(share=FORMS[form].shares))


def written(form: str, gpus: str = "2x100G") -> str:
    return FORMS[form].write(planned(form, gpus), 0)


def checked_by_bash(script: str) -> str:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    return script


def flags(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--")}


def test_there_are_four() -> None:
    assert sorted(FORMS) == ["commands", "compose", "kubernetes", "slurm"]


def test_commands() -> None:
    lines = [shlex.split(line) for line in checked_by_bash(written("commands")).splitlines() if "vllm serve" in line]
    # big: 121 / 2 + 4 = 64.5 GB on both; embedder 10 + 0.2 + 4, each copy of the small one 4 + 3.2 + 4: one round
    devices = [line[0] for line in lines]
    assert devices[0] == "CUDA_VISIBLE_DEVICES=0" and "CUDA_VISIBLE_DEVICES=0,1" in devices
    for line in lines:
        assert line[1:4] == ["vllm", "serve", "me/it's $HOME"] and line[-1] == "&"
        assert flags(line) <= KNOWN
        assert line[line.index("--host") + 1] == "127.0.0.1"


def test_servers_that_share_a_gpu_start_one_after_another() -> None:
    made, script = planned("commands"), written("commands")
    starts = [line for line in script.splitlines() if re.match("ready |CUDA", line)]
    first, second = made.rounds[0][:2]
    assert set(first.gpus) & set(second.gpus)
    assert starts[1] == f"ready {shlex.quote(first.server.name)} {first.server.port} $pid_0"
    assert starts[2].startswith("CUDA_VISIBLE_DEVICES=")


def test_several_machines_have_a_branch_each() -> None:
    script = checked_by_bash(written("commands", "3x2x100G"))
    assert script.count('if [ "$here" = ') == 3 and "--host 0.0.0.0" in script


def run_commands(script: str, argument: str) -> str:
    """What the script starts, with a `vllm` that says its words, and servers that are ready at once."""
    stub = 'vllm() { echo "$CUDA_VISIBLE_DEVICES $*"; }\ncurl() { true; }\n'
    done = subprocess.run(["bash", "-c", stub + script, "bash", argument], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_machine_starts_its_own_servers_and_no_others() -> None:
    made = planned("commands", "3x2x100G")
    script = FORMS["commands"].write(made, 0)
    for number in range(3):
        own = {",".join(str(g.number) for g in each.gpus) for each in made.rounds[0] if each.gpus[0].machine == number}
        started = {line.split(" serve ")[0] for line in run_commands(script, str(number)).splitlines()}
        assert started == own


def test_compose() -> None:
    services = yaml.safe_load(written("compose"))["services"]
    assert set(services) == {"embedder", "big-one", "small-2", "small-2-2"}
    big = services["big-one"]
    [device] = big["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "device_ids": ["0", "1"], "capabilities": ["gpu"]}
    assert big["command"][0] == "me/it's $$HOME"  # Compose would read a variable
    assert flags(big["command"]) <= KNOWN
    assert big["healthcheck"]["start_period"] == "600s"
    assert services["embedder"]["ports"] == ["127.0.0.1:8100:8000"]
    waiting = [service["depends_on"] for service in services.values() if "depends_on" in service]
    assert waiting and all(state == {"condition": "service_healthy"} for each in waiting for state in each.values())


def test_a_container_has_no_rights() -> None:
    for service in yaml.safe_load(written("compose"))["services"].values():
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "cap_add", "ipc", "pid", "network_mode", "devices"} & set(service)
    values = yaml.safe_load(text := written("kubernetes", "8x100G"))
    for part in ("servingEngineSpec", "routerSpec"):
        context = values[part]["containerSecurityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]} and context["allowPrivilegeEscalation"] is False
    assert "&id" not in text  # Helm reads it, people too


def test_compose_for_several_machines_has_profiles() -> None:
    services = yaml.safe_load(written("compose", "3x2x100G"))["services"]
    assert {service["profiles"][0] for service in services.values()} <= {"machine-0", "machine-1", "machine-2"}


def test_kubernetes_gives_each_server_gpus_of_its_own() -> None:
    values = yaml.safe_load(written("kubernetes", "8x100G"))
    models = {model["name"]: model for model in values["servingEngineSpec"]["modelSpec"]}
    assert {name: (model["requestGPU"], model["replicaCount"]) for name, model in models.items()} == {
        "big-one": (2, 1),
        "embedder": (1, 1),
        "small-2": (1, 2),
    }
    big = models["big-one"]
    # what the chart's schema requires of a model
    for key in ("repository", "tag", "modelURL", "requestCPU", "requestMemory", "pvcStorage"):
        assert big[key]
    assert big["pvcStorage"] == "144Gi"  # 120 GB x 1.2
    assert big["vllmConfig"]["tensorParallelSize"] == 2 and big["vllmConfig"]["maxModelLen"] == 1000
    assert flags(big["vllmConfig"]["extraArgs"]) == {"--served-model-name", "--hf-overrides"}
    assert models["embedder"]["vllmConfig"]["enablePrefixCaching"] is False
    assert values["servingEngineSpec"]["startupProbe"]["failureThreshold"] == 180  # 1,800 s, every 10 s
    assert values["routerSpec"]["routingLogic"] == "prefixaware"
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) for name in models)


def test_slurm() -> None:
    script = checked_by_bash(written("slurm", "2x2x100G"))
    assert "#SBATCH --nodes=2" in script and "#SBATCH --gpus-per-node=2" in script
    served = [shlex.split(line) for line in script.splitlines() if line.startswith("serve ")]
    assert len(served) == 4
    for line in served:
        assert flags(line) <= KNOWN
    with pytest.raises(InputError, match="equal numbers of GPUs"):
        written("slurm", "1x100G,1x2x100G")


def test_the_servers_of_a_form_are_reached_at() -> None:
    made = planned("commands")
    assert endpoints(FORMS["commands"], made)["embedder"] == ["http://127.0.0.1:8100/v1"]
    assert endpoints(FORMS["commands"], made)["small 2"] == ["http://127.0.0.1:8001/v1", "http://127.0.0.1:8002/v1"]
    routed = endpoints(FORMS["kubernetes"], planned("kubernetes", "8x100G"))
    assert set(map(tuple, routed.values())) == {("http://smacs-router-service/v1",)}


def test_a_pool_file_learns_the_endpoints_and_keeps_its_comments() -> None:
    text = '# mine\n[embedder]\nendpoint = "http://old/v1"\n[llms.a]  # one\n[llms.a.launch]\n[llms."b c"]\nk = 1\n'
    urls = {"embedder": ["http://e/v1"], "a": ["http://a/v1", "http://b/v1"], "b c": ["http://c/v1"]}
    assert with_endpoints(text, urls) == (
        '# mine\n[embedder]\nendpoint = "http://e/v1"\n[llms.a]  # one\nendpoints = ["http://a/v1", "http://b/v1"]\n'
        '[llms.a.launch]\n[llms."b c"]\nendpoint = "http://c/v1"\nk = 1\n'
    )
    with pytest.raises(InputError, match=r"expected a table \[llms\.\"z\"\]"):
        with_endpoints(text, {"z": ["http://z/v1"]})
