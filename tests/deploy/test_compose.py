"""compose.yaml: valid by the specification, closed by default, and its services know each other."""

import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from smacs.pool.pool import Pool
from smacs.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "store" / "starter" / "bank" / "evaluations"
LONG = {"server", "chroma", "vllm", "vllm-small"}

Services = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> Services:
    """The services by name; `compose` has checked the file against the specification."""
    found: Services = compose["services"]
    return found


def test_the_services_are_those(services: Services) -> None:
    assert set(services) == {*LONG, "bank"}
    assert {name for name, service in services.items() if service.get("profiles")} == {"vllm", "vllm-small"}


def test_only_the_server_is_published_and_only_here(services: Services) -> None:
    assert services["server"]["ports"] == ["127.0.0.1:8000:8000"]
    assert [name for name, service in services.items() if service.get("ports")] == ["server"]
    assert not any(service.get("network_mode") or service.get("privileged") for service in services.values())


def test_every_volume_that_is_used_is_declared(compose: dict[str, Any], services: Services) -> None:
    used = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert used == set(compose["volumes"])


def test_there_is_no_secret_in_the_file(services: Services) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            assert value is None or not re.search("KEY|TOKEN|SECRET|PASSWORD", name), name


def test_no_container_has_rights(services: Services) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"cap_add", "devices", "ipc", "pid", "userns_mode"} & set(service), name


def test_only_vllm_writes_elsewhere_than_to_volumes(services: Services) -> None:
    assert {name for name, service in services.items() if service.get("read_only")} == {"server", "bank", "chroma"}
    for name in ("server", "bank", "chroma"):
        assert services[name]["tmpfs"] == ["/tmp"] and services[name]["volumes"]


def test_who_is_waited_for_says_when_it_is_ready(services: Services) -> None:
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "test" in services[name]["healthcheck"], name
            assert wait.get("required", True) is ("profiles" not in services[name] or "profiles" in service)


def test_what_runs_for_long_is_started_again(services: Services) -> None:
    assert {name for name, service in services.items() if service.get("restart") == "unless-stopped"} == LONG


def test_the_server_has_time_to_drain(services: Services) -> None:
    seconds = float(services["server"]["stop_grace_period"].removesuffix("s"))
    assert seconds > ServerSettings.model_fields["grace"].default + 5  # 5 s for what is left of connections


def test_an_llm_on_a_gpu_reserves_one(services: Services) -> None:
    for name in ("vllm", "vllm-small"):
        (device,) = services[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_two_llms_fit_on_one_gpu(services: Services) -> None:
    shares = re.findall(r"--gpu-memory-utilization=([\d.]+)", str(services))
    assert len(shares) == 2 and sum(map(float, shares)) < 0.9


def test_the_pool_file_names_what_the_file_starts(compose: dict[str, Any], services: Services) -> None:
    file = ROOT / compose["configs"]["pool"]["file"]
    pool = Pool.load(file)
    served = {}
    for name in ("vllm", "vllm-small"):
        options = dict(word[2:].split("=", 1) for word in services[name]["command"] if word.startswith("--"))
        served[options["served-model-name"]] = f"http://{name}:8000/v1"
        assert int(options["max-model-len"]) == pool.file.llms[options["served-model-name"]].context
    assert {name: spec.endpoint for name, spec in pool.file.llms.items()} == served
    assert {f"{name}.jsonl" for name in pool.llms} <= {file.name for file in STARTER.iterdir()}
    assert tomllib.loads(file.read_text())["settings"]["k"] <= len(pool.llms)


def script(services: Services) -> list[str]:
    """What the service `bank` runs, after Compose has read it."""
    return [word.replace("$$", "$") for word in services["bank"]["command"]]


def test_the_bank_is_made_and_moved_once(services: Services, tmp_path: Path) -> None:
    bank, log = tmp_path / "banks" / "starter", tmp_path / "log"
    fake = tmp_path / "smacs"
    fake.write_text(
        '#!/bin/sh\necho "$*" >>"$LOG"\n'
        'case "$2" in\n'
        '  export) mkdir -p "$3"; echo "{}" >"$3/manifest.json";;\n'
        '  move-index) echo "{\\"chroma\\":\\"$6\\"}" >"$4/manifest.json";;\n'
        "esac\n"
    )
    fake.chmod(0o755)
    own = {"SMACS_BANK": str(bank), "SMACS_POOL": "/etc/smacs/pool.toml", "LOG": str(log)}
    for _ in range(2):
        subprocess.run(script(services), env=own | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True)
    assert log.read_text().splitlines() == [
        f"bank export {bank}",
        f"bank index --bank {bank} --pool /etc/smacs/pool.toml",
        f"bank move-index --bank {bank} --to http://chroma:8000",
    ]


def test_a_bank_that_cannot_be_moved_stops_the_start(services: Services, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    fake = tmp_path / "smacs"
    fake.write_text("#!/bin/sh\nexit 2\n")
    fake.chmod(0o755)
    environment = {"SMACS_BANK": str(tmp_path), "SMACS_POOL": "", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(script(services), env=environment, check=False).returncode == 2
