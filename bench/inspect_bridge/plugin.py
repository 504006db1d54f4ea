"""What Inspect finds in an installed SMACS: the entry point `smacs` of its group `inspect_ai`."""

from smacs.bench.inspect_bridge.model import SystemModel
from smacs.bench.inspect_bridge.solver import smacs_solver

__all__ = ["SystemModel", "smacs_solver"]
