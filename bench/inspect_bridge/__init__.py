"""SMACS and the systems beside it under Inspect: as models (`smacs/moa`) and as a solver (`smacs_solver`)."""

from typing import TYPE_CHECKING, Any

from smacs.errors import InputError

if TYPE_CHECKING:
    from smacs.bench.inspect_bridge.plugin import smacs_solver as smacs_solver

__all__ = ["smacs_solver"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from smacs.bench.inspect_bridge import plugin
    except ImportError as error:
        raise InputError(
            f"Running under Inspect needs another package, pip install 'smacs[inspect]': {error}"
        ) from error
    return getattr(plugin, name)
