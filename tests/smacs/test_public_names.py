"""The public names, pinned, and what importing them costs."""

import subprocess
import sys

import smacs
from smacs.graph.systems import system_names


def test_public_names() -> None:
    pinned = [
        "FastChatOpenAI", "Pool", "Prompts", "QuestionBank", "Settings", "SmacsError", "build_agent_graph",
        "build_graph", "build_majority_voting_graph", "build_moa_graph", "build_self_consistency_graph",
        "build_self_moa_graph", "build_simple_router_graph", "build_single_llm_graph", "build_symbolic_moe_graph",
    ]  # fmt: skip
    systems = [f"build_{name}_graph" for name in system_names() if name != "smacs"]
    assert smacs.__all__ == sorted({*pinned, *systems})
    assert all(getattr(smacs, name).__name__ == name for name in smacs.__all__)


def test_importing_smacs_imports_nothing_heavy() -> None:
    heavy = (
        "torch",
        "chromadb",
        "langchain_core",
        "langgraph",
        "sentence_transformers",
        "numpy",
        "openai",
        "xllamacpp",
    )
    code = f"import sys, smacs, smacs.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
