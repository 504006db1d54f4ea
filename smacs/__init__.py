"""SMACS: many open LLMs answer one question together, better than the best of them.

from smacs import build_graph
graph = build_graph("pool.toml", "bank/").compile()
result = await graph.ainvoke({"question": "..."})
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smacs.graph.build import build_graph as build_graph
    from smacs.nodes.settings import Settings as Settings
    from smacs.pool.chat import FastChatOpenAI as FastChatOpenAI
    from smacs.pool.errors import SmacsError as SmacsError
    from smacs.pool.pool import Pool as Pool
    from smacs.pool.prompts import Prompts as Prompts
    from smacs.store.bank import QuestionBank as QuestionBank

# Imported when first used, so that `import smacs` costs nothing.
_HOMES = {
    "FastChatOpenAI": "smacs.pool.chat",
    "Pool": "smacs.pool.pool",
    "Prompts": "smacs.pool.prompts",
    "QuestionBank": "smacs.store.bank",
    "Settings": "smacs.nodes.settings",
    "SmacsError": "smacs.pool.errors",
    "build_graph": "smacs.graph.build",
}
__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'smacs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
