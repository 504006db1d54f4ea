"""SMACS: many open LLMs answer one question together, better than the best of them.

from smacs import build_graph
graph = build_graph("pool.toml", "bank/").compile()
result = await graph.ainvoke({"question": "..."})

Each other system has a builder of its own, `build_moa_graph` that of `moa`.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smacs.errors import SmacsError as SmacsError
    from smacs.graph.agent import build_agent_graph as build_agent_graph
    from smacs.graph.build import build_graph as build_graph
    from smacs.graph.system import Builder
    from smacs.graph.systems.single_llm import build_single_llm_graph as build_single_llm_graph  # takes an `llm`, too
    from smacs.nodes.shared.settings import Settings as Settings
    from smacs.pool.calls.chat import FastChatOpenAI as FastChatOpenAI
    from smacs.pool.pool import Pool as Pool
    from smacs.pool.prompts import Prompts as Prompts
    from smacs.store.bank import QuestionBank as QuestionBank

    __all__: list[str]

    def __getattr__(name: str) -> Builder:
        """The builder of every other system."""
        ...

else:

    def __getattr__(name: str) -> Any:
        homes = _homes()
        if name == "__all__":
            return sorted(homes)
        if name in homes:
            return getattr(import_module(homes[name]), name)
        raise AttributeError(f"module 'smacs' has no attribute {name!r}")


__version__ = "0.1.0"

# Imported when first used, so that `import smacs` costs nothing.
_HOMES = {
    "FastChatOpenAI": "smacs.pool.calls.chat",
    "Pool": "smacs.pool.pool",
    "Prompts": "smacs.pool.prompts",
    "QuestionBank": "smacs.store.bank",
    "Settings": "smacs.nodes.shared.settings",
    "SmacsError": "smacs.errors",
    "build_agent_graph": "smacs.graph.agent",
    "build_graph": "smacs.graph.build",
}


@cache
def _homes() -> dict[str, str]:
    """Public name -> module; each file of `smacs.graph.systems` has the builder of its system."""
    from smacs.plugins import names

    package = "smacs.graph.systems"
    return _HOMES | {f"build_{name}_graph": f"{package}.{name}" for name in names(package)}


def __dir__() -> list[str]:
    return [*sorted(_homes()), "__version__"]
