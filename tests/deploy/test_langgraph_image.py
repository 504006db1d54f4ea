"""What `langgraph dockerfile` makes of langgraph.json."""

import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from smacs.graph.systems import systems

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = json.loads((ROOT / "langgraph.json").read_text())

Instructions = list[tuple[str, str]]


@pytest.fixture(scope="module")
def written(read_dockerfile: Callable[[Path], Instructions], tmp_path_factory: pytest.TempPathFactory) -> Instructions:
    file = tmp_path_factory.mktemp("langgraph") / "Dockerfile"
    command = [sys.executable, "-m", "langgraph_cli", "dockerfile", str(file), "--config", str(ROOT / "langgraph.json")]
    done = subprocess.run(command, env={"LANGGRAPH_CLI_NO_ANALYTICS": "1"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return read_dockerfile(file)


def environment(instructions: Instructions) -> dict[str, str]:
    words = [word for name, value in instructions if name == "ENV" for word in shlex.split(value)]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def test_it_is_made_for_the_python_of_the_project(written: Instructions) -> None:
    assert written[0] == ("FROM", f"langchain/langgraph-api:{CONFIG['python_version']}")
    assert find_python() == f">={CONFIG['python_version']}"


def find_python() -> str:
    required: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    return required


def test_every_path_that_it_adds_exists(written: Instructions) -> None:
    added = [shlex.split(value)[0] for name, value in written if name in ("ADD", "COPY")]
    assert added == ["."]
    assert (ROOT / added[0] / "pyproject.toml").is_file()


def test_it_serves_all_graphs_and_the_http_app(written: Instructions) -> None:
    variables = environment(written)
    graphs = json.loads(variables["LANGSERVE_GRAPHS"])
    assert set(graphs) == set(systems())
    paths = [*graphs.values(), json.loads(variables["LANGGRAPH_HTTP"])["app"]]
    assert all(find_spec(path.partition(":")[0]) for path in paths)


def test_torch_comes_first_and_small(written: Instructions) -> None:
    runs = [value for name, value in written if name == "RUN"]
    assert "torch==" in runs[0]
    assert environment(written)["UV_TORCH_BACKEND"] == "cpu"


def test_what_the_server_needs_is_installed() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert CONFIG["dependencies"] == [*(Requirement(line).name for line in extras["serve"]), "."]


def test_what_torch_requires_is_not_removed(written: Instructions) -> None:
    removed = {word for name, value in written if "uninstall" in value for word in value.split() if name == "RUN"}
    assert "pip" in removed and "setuptools" not in removed
