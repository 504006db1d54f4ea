"""Measured figures and their targets, and the machine that they were measured on."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import psutil
from rich.table import Table


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with the runs behind it in `details`; `target` is None for one that is a comparison only."""

    name: str
    value: float
    unit: str = "x"
    target: float | None = None
    at_least: bool = False
    details: dict[str, Any] = {}

    @property
    def missed(self) -> bool:
        """Whether there is a target and the value is on the wrong side of it."""
        if self.target is None:
            return False
        return self.value < self.target if self.at_least else self.value > self.target

    @property
    def goal(self) -> str:
        """The target in words."""
        if self.target is None:
            return "for comparison"
        return f"at {'least' if self.at_least else 'most'} {self.target:g} {self.unit}"

    @property
    def verdict(self) -> str:
        """Passed, missed, or nothing where there is no target."""
        return "" if self.target is None else "missed" if self.missed else "passed"


def table(figures: Sequence[Figure], title: str) -> Table:
    """The figures as a table."""
    made = Table("figure", "measured", "target", "", title=title)
    for figure in figures:
        made.add_row(figure.name, f"{figure.value:.3f} {figure.unit}", figure.goal, figure.verdict)
    return made


PACKAGES = (
    "smacs",
    "httpx2",
    "langchain-core",
    "langchain-openai",
    "langgraph",
    "msgspec",
    "numpy",
    "openai",
    "orjson",
)


def machine() -> dict[str, Any]:
    """Facts about processor, memory, load and versions."""
    return {
        "processor": processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
