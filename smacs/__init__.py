"""SMACS: many open LLMs answer one question together, better than the best of them.

from smacs import build_graph
graph = build_graph("pool.toml", "bank/").compile()
result = await graph.ainvoke({"question": "..."})
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smacs.errors import SmacsError as SmacsError
    from smacs.graph.agent import build_agent_graph as build_agent_graph
    from smacs.graph.baselines.majority_voting import build_majority_voting_graph as build_majority_voting_graph
    from smacs.graph.baselines.moa import build_moa_graph as build_moa_graph
    from smacs.graph.baselines.self_consistency import build_self_consistency_graph as build_self_consistency_graph
    from smacs.graph.baselines.self_moa import build_self_moa_graph as build_self_moa_graph
    from smacs.graph.baselines.simple_router import build_simple_router_graph as build_simple_router_graph
    from smacs.graph.baselines.single_llm import build_single_llm_graph as build_single_llm_graph
    from smacs.graph.baselines.symbolic_moe import build_symbolic_moe_graph as build_symbolic_moe_graph
    from smacs.graph.build import build_graph as build_graph
    from smacs.nodes.shared.settings import Settings as Settings
    from smacs.pool.calls.chat import FastChatOpenAI as FastChatOpenAI
    from smacs.pool.pool import Pool as Pool
    from smacs.pool.prompts import Prompts as Prompts
    from smacs.store.bank import QuestionBank as QuestionBank

# Imported on first use, so that `import smacs` costs nothing.
_HOMES = {
    "FastChatOpenAI": "smacs.pool.calls.chat",
    "Pool": "smacs.pool.pool",
    "Prompts": "smacs.pool.prompts",
    "QuestionBank": "smacs.store.bank",
    "Settings": "smacs.nodes.shared.settings",
    "SmacsError": "smacs.errors",
    "build_agent_graph": "smacs.graph.agent",
    "build_graph": "smacs.graph.build",
    "build_majority_voting_graph": "smacs.graph.baselines.majority_voting",
    "build_moa_graph": "smacs.graph.baselines.moa",
    "build_self_consistency_graph": "smacs.graph.baselines.self_consistency",
    "build_self_moa_graph": "smacs.graph.baselines.self_moa",
    "build_simple_router_graph": "smacs.graph.baselines.simple_router",
    "build_single_llm_graph": "smacs.graph.baselines.single_llm",
    "build_symbolic_moe_graph": "smacs.graph.baselines.symbolic_moe",
}
__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'smacs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
