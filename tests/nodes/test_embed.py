"""Patience with an embedder: one that hangs is given up, and gets little time after."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from smacs.errors import EmbedderDownError
from smacs.nodes.shared import embed
from smacs.nodes.shared.embed import PatientEmbedder
from smacs.pool.config import EmbedderSpec

LIMIT = 60.0  # seconds for what takes no time


class Sleepy:
    """An embedder that answers once it is awake."""

    spec = EmbedderSpec(model="sleepy", dimension=2)

    def __init__(self) -> None:
        self.awake = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Any:
        await self.awake.wait()
        return np.full((len(texts), 2), float(query), np.float32)

    async def aclose(self) -> None:
        """Nothing to close."""


async def test_one_that_hangs_is_given_up_and_gets_little_time_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it answers again, which makes all good."""
    monkeypatch.setattr(embed, "AGAIN", 0.2)
    embedder = Sleepy()
    async with asyncio.timeout(LIMIT):
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.1 seconds"):
            await PatientEmbedder(embedder, 0.1).embed(["a"])
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.2 seconds"):
            await PatientEmbedder(embedder, 600.0).embed(["a"])
        embedder.awake.set()
        assert (await PatientEmbedder(embedder, 600.0).embed(["a", "b"], query=True)).tolist() == [[1.0, 1.0]] * 2
        embedder.awake.clear()
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.3 seconds"):
            await PatientEmbedder(embedder, 0.3).embed(["a"])


async def test_who_gives_up_a_question_is_not_told_of_an_embedder() -> None:
    """A deadline further out is not this one."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await PatientEmbedder(Sleepy(), 600.0).embed(["a"])
