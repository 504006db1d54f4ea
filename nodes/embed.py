"""Embedding in the course of a question: an embedder that hangs must not cost the answer."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from smacs.nodes.run import Tools
from smacs.pool.errors import EmbedderDownError

if TYPE_CHECKING:
    from smacs.pool.embed import Vectors

QUESTION_SHARE = 0.5  # of the deadline: without the question's embedding by then, the LLMs are asked all the same
LAST = 0.5  # seconds beyond the deadline, for the comparison of what is there by then


async def embed(texts: Sequence[str], tools: Tools, seconds: float, *, query: bool = False) -> "Vectors":
    """(m, d) by the bank's embedder, within so many seconds. Raises EmbedderDownError."""
    embedder = tools.pool.embedder(tools.bank.embedder)
    try:
        async with asyncio.timeout(seconds):
            return await embedder.embed(texts, query=query)
    except TimeoutError:
        left = f"no vectors within {seconds:.1f} seconds, which is what the question's deadline left for it"
        raise EmbedderDownError(f"Embedder {embedder.spec.model}: {left}.") from None
