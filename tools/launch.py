"""What a process of a tool needs to start, whatever folder its caller is in."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository: the tools are not installed, Python finds them here."""


def environment() -> dict[str, str]:
    """This process's environment, with the repository first on Python's path."""
    path = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{path}" if path else str(ROOT)}
