"""Whoever asks the embedder within a question waits for its share of the deadline and no longer."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from smacs.errors import EmbedderDownError
from smacs.graph.build import build_graph
from smacs.nodes.shared import embed as own
from smacs.nodes.shared.embed import embed, load_bank, seconds_for
from smacs.nodes.shared.run import Run, Tools
from smacs.nodes.shared.settings import Settings
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.io.jsonl import encode_lines
from smacs.store.records import Question
from tools.mock.process import MockServer

LIMIT = 60.0  # seconds for what takes no time


class Sleepy:
    """An embedder that answers once it is awake."""

    spec = EmbedderSpec(model="sleepy", dimension=2)

    def __init__(self) -> None:
        self.awake = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Any:
        await self.awake.wait()
        return np.full((len(texts), 2), float(query), np.float32)


def tools_of(embedder: Sleepy, deadline: float = 600.0) -> Tools:
    pool = cast(Pool, SimpleNamespace(embedder=lambda _: embedder))
    bank = cast(QuestionBank, SimpleNamespace(embedder=embedder.spec))
    return Tools(pool, bank, Prompts.load(), Settings(deadline=deadline), lambda _: None)


async def test_one_that_hangs_is_given_up_and_gets_little_time_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it answers again, which makes all good."""
    monkeypatch.setattr(own, "AGAIN", 0.2)
    embedder = Sleepy()
    tools = tools_of(embedder)
    async with asyncio.timeout(LIMIT):
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.1 seconds"):
            await embed(["a"], tools, 0.1)
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.2 seconds"):
            await embed(["a"], tools, 600.0)
        embedder.awake.set()
        assert (await embed(["a", "b"], tools, 600.0, query=True)).tolist() == [[1.0, 1.0]] * 2
        embedder.awake.clear()
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.3 seconds"):
            await embed(["a"], tools, 0.3)


async def test_who_gives_up_a_question_is_not_told_of_an_embedder() -> None:
    """A deadline further out is not this one."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await embed(["a"], tools_of(Sleepy()), 600.0)


def test_something_is_always_left() -> None:
    run = Run(600.0)
    assert seconds_for(run, 0.5) == pytest.approx(300.0, abs=5)
    assert seconds_for(Run(600.0, started=run.started - 1000), 0.5) == 0.5


async def test_a_question_sees_one_state_of_the_bank() -> None:
    view = cast(Any, object())
    seen, reasons = await load_bank(tools_of(Sleepy()), Run(600.0, view=view))
    assert (seen is view, reasons) == (True, [])


@pytest.fixture(scope="module")
def grown(make_bank: Callable[..., QuestionBank]) -> QuestionBank:
    """A bank of four questions that was loaded, and has got a fifth since."""
    bank = make_bank([Question(id=f"q{i}", text=f"Question {i}") for i in range(4)], {"llm-0": range(4)})
    with bank.questions_file.open("ab") as file:
        file.write(encode_lines([Question(id="new", text="A new one")]))
    return bank


@pytest.mark.slow
async def test_new_questions_of_a_bank_wait_for_an_embedder_that_hangs(
    mock: MockServer, make_pool: Callable[..., Pool], grown: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank in memory answers, long before the deadline: 1.2 seconds for the bank, then 2 of the 30 it had left."""
    monkeypatch.setattr(own, "QUESTION_SHARE", 0.02)
    mock.set("mock-embedder", fault="hang")
    graph = build_graph(make_pool(), grown, settings={"k": 2, "n": 1, "deadline": 60.0}).compile()
    async with asyncio.timeout(2 * LIMIT):
        result = await graph.ainvoke({"question": "How many legs has a spider?"})
    assert result["answer"]
    assert result["support"]["count"] == 4
    assert result["degraded"][0].startswith("the bank is as it was before its last change: The bank's embedder: no vec")
