"""The LLMs: the pool file, calls of chat models and embedders, servers on this machine, and plans for GPUs."""

from typing import TYPE_CHECKING

from smacs.lazy import lazily

if TYPE_CHECKING:
    from smacs.pool.calls.llm import LLM as LLM
    from smacs.pool.calls.replies import Failure as Failure
    from smacs.pool.calls.replies import Reply as Reply

__all__ = ["LLM", "Failure", "Reply"]

__getattr__ = lazily(
    __name__,
    {"Failure": "smacs.pool.calls.replies", "LLM": "smacs.pool.calls.llm", "Reply": "smacs.pool.calls.replies"},
)
