"""The Dockerfile: no finding of the linter, nothing missing, nothing that should not be in it."""

import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {"smacs", *PROJECT["tool"]["setuptools"]["package-dir"].values()}
DESCRIBED = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
IGNORED = (ROOT / ".dockerignore").read_text().splitlines()

Instructions = list[tuple[str, str]]


def value_of(instructions: Instructions, name: str) -> str:
    (value,) = [value for instruction, value in instructions if instruction == name]
    return value


def patterns() -> list[str]:
    return [line for line in IGNORED if line and not line.startswith("#")]


def files(folder: Path) -> set[str]:
    """What an engine would be sent of it, beside the Dockerfile."""
    sent = exclude_paths(str(folder), patterns())
    return {name for name in sent if (folder / name).is_file()} - {"Dockerfile"}


def test_the_linter_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_all_that_the_wheel_is_made_of_is_copied(dockerfile: Instructions) -> None:
    copies = [shlex.split(value) for name, value in dockerfile if name == "COPY" and "--from" not in value]
    assert {source for *sources, _ in copies for source in sources} == PACKAGES | DESCRIBED


def test_the_extras_that_are_installed_exist(dockerfile: Instructions) -> None:
    extras = re.findall(r"--extra (\w+)", " ".join(value for name, value in dockerfile if name == "RUN"))
    assert extras == ["serve", "local"]
    assert set(extras) <= set(PROJECT["project"]["optional-dependencies"])


def test_what_is_copied_is_under_version_control_and_not_ignored() -> None:
    listed = subprocess.run(["git", "ls-files", *PACKAGES, *DESCRIBED], cwd=ROOT, capture_output=True, check=True)
    there = {name for name in listed.stdout.decode().splitlines() if (ROOT / name).exists()}
    assert there >= DESCRIBED
    assert {name.partition("/")[0] for name in there} == PACKAGES | DESCRIBED
    assert sorted(there - files(ROOT)) == []


def test_nothing_else_is_sent_to_the_engine(tmp_path: Path) -> None:
    kept = {
        "pyproject.toml",
        "cli/main.py",
        "pools/compose.toml",
        "store/index/arrays.py",
        "store/starter/bank/a.jsonl",
    }
    left_out = {
        ".env",
        "smacs.env",
        "keys.json",
        "my-bank/questions.jsonl",
        "tests/test_wheel.py",
        ".git/config",
        ".venv/bin/python",
        "build/lib/smacs/cli/main.py",
        "graph/__pycache__/app.pyc",
        "store/starter/bank/chroma/chroma.sqlite3",
        "store/starter/bank/arrays/ab/matrix.npy",
        "store/starter/bank/write.lock",
    }
    for name in kept | left_out:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert files(tmp_path) == kept


def test_torch_is_pinned_alike_everywhere(dockerfile: Instructions) -> None:
    (pin,) = re.findall(r"^TORCH \?= (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert ("ARG", f"TORCH={pin}") in dockerfile
    assert ("ARG", "TORCH_BACKEND=cpu") in dockerfile
    (line,) = [
        line for line in json.loads((ROOT / "langgraph.json").read_text())["dockerfile_lines"] if "torch" in line
    ]
    assert line.endswith(f" {pin}")


def test_its_user_is_nobody_and_can_write_to_volumes_alone(
    runtime: Instructions, image_environment: dict[str, str]
) -> None:
    assert value_of(runtime, "USER") == "10001:10001"  # a number: Kubernetes cannot tell whether a name is root
    volumes = json.loads(value_of(runtime, "VOLUME"))
    assert volumes == ["/var/lib/smacs", "/banks"]
    assert image_environment["SMACS_HOME"] == value_of(runtime, "WORKDIR") == volumes[0]
    assert image_environment["HF_HOME"].startswith(volumes[0])


@contextmanager
def health(status: int) -> Iterator[int]:
    """A server whose /health has that status; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1)])
def test_the_health_check_is_the_servers_answer(
    runtime: Instructions, outside: dict[str, str], status: int, expected: int
) -> None:
    options, _, command = value_of(runtime, "HEALTHCHECK").partition("CMD ")
    assert "--start-period" in options
    python, *arguments = json.loads(command)
    assert python == "python"
    with health(status) as port:
        here = [argument.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for argument in arguments]
        proxy = {"http_proxy": "http://127.0.0.1:9"}  # the check must not go through the container's proxy
        done = subprocess.run([sys.executable, *here], env=outside | proxy, capture_output=True, check=False)
    assert done.returncode == expected
