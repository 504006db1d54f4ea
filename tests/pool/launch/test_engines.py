"""An engine is one file: its table is read from the pool file, and nothing else has to know it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from smacs.pool.config import AnyLaunch
from smacs.pool.launch import engines as package
from smacs.pool.launch.engines import DEFAULT, engine_of, engines
from smacs.pool.launch.table import Launch

MADE_UP = """
from dataclasses import dataclass
from typing import Literal

from smacs.pool.launch.table import Launch


class MadeUpLaunch(Launch):
    engine: Literal["made-up"]
    context: int | None = None
    model: str

    weights = property(lambda self: self.model)
    hub_id = weights_size = property(lambda self: None)
    weights_license = property(lambda self: "MIT")


@dataclass
class MadeUp:
    name: str = "made-up"
    title: str = "Made Up"
    table: type = MadeUpLaunch

    def jobs(self, orders, busy, progress):
        return []


ENGINE = MadeUp()
"""


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more engine, in a file of its own."""
    (tmp_path / "made_up.py").write_text(MADE_UP)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    engines.cache_clear()
    yield
    engines.cache_clear()
    sys.modules.pop(f"{package.__name__}.made_up", None)


def test_those_that_there_are() -> None:
    assert list(engines()) == ["llamacpp", "vllm"]
    assert DEFAULT in engines()


@pytest.mark.usefixtures("made_up")
def test_a_new_engine_is_one_file() -> None:
    launch: Launch = TypeAdapter(AnyLaunch).validate_python({"engine": "made-up", "model": "it"})
    assert (launch.weights, launch.copies, launch.weights_file, launch.on_gpus) == ("it", 1, None, None)
    assert engine_of(launch).title == "Made Up"
