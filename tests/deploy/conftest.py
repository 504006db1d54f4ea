"""The Dockerfile and the Compose file, as an engine would read them."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyOptions
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
Instructions = list[tuple[str, str]]


def _read(file: Path) -> Instructions:
    parsed = DockerfileParser(str(file)).structure
    return [(item["instruction"], item["value"]) for item in parsed if item["instruction"] != "COMMENT"]


@pytest.fixture(scope="session")
def read_dockerfile() -> Callable[[Path], Instructions]:
    """The instructions of a Dockerfile with their arguments, comments left out."""
    return _read


@pytest.fixture(scope="session")
def dockerfile() -> Instructions:
    return _read(ROOT / "Dockerfile")


@pytest.fixture(scope="session")
def runtime(dockerfile: Instructions) -> Instructions:
    """The last stage: the image."""
    last = max(i for i, (name, _) in enumerate(dockerfile) if name == "FROM")
    return dockerfile[last:]


@pytest.fixture(scope="session")
def image_environment(runtime: Instructions) -> dict[str, str]:
    """What ENV sets in the image."""
    pairs = [pair.partition("=") for name, value in runtime if name == "ENV" for pair in value.split()]
    return {name: value for name, _, value in pairs}


@pytest.fixture(scope="session")
def compose_text() -> str:
    """compose.yaml with the defaults of its variables."""
    text = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text())
    assert not re.search(r"(?<!\$)\$(?!\$)", text), "every variable has a default"
    return text


@pytest.fixture(scope="session")
def compose(compose_text: str) -> dict[str, Any]:
    """The project as the Compose specification reads it, `<<` merged."""
    parsed = PyOptions(apply_merge=True).from_yaml(compose_text)
    parsed.validate()
    return parsed.to_dict()


@pytest.fixture
def outside() -> dict[str, str]:
    """The environment of a program that knows nothing of this one's Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SMACS_"))}
