"""A run: its clock, its state of the bank, and an embedder that is waited for no longer than its share allows."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from smacs.errors import EmbedderDownError
from smacs.graph.build import build_graph
from smacs.nodes.shared import run as running
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


class Hanging:
    """An embedder that never answers."""

    spec = EmbedderSpec(model="hanging", dimension=2)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Any:
        await asyncio.Event().wait()


def tools_of(embedder: Hanging, deadline: float = 600.0) -> Tools:
    pool = cast(Pool, SimpleNamespace(embedder=lambda _: embedder))
    bank = cast(QuestionBank, SimpleNamespace(embedder=embedder.spec))
    return Tools(pool, bank, Prompts.load(), Settings(deadline=deadline), lambda _: None)


async def test_no_node_waits_for_the_embedder_longer_than_it_says() -> None:
    async with asyncio.timeout(LIMIT):
        with pytest.raises(EmbedderDownError, match=r"no vectors within 0\.1 seconds"):
            await tools_of(Hanging()).embed(["a"], 0.1)


def test_something_is_always_left() -> None:
    run = Run(600.0)
    assert run.time_to_embed() == pytest.approx(300.0, abs=5)
    assert Run(600.0, started=run.started - 1000).time_to_embed() == pytest.approx(0.5)


async def test_a_question_sees_one_state_of_the_bank() -> None:
    view = cast(Any, object())
    assert await tools_of(Hanging()).view(Run(600.0, view=view)) is view


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
    """The bank in memory answers, long before the deadline: 1.2 seconds for the bank, then what is always left."""
    monkeypatch.setattr(running, "QUESTION_SHARE", 0.02)
    mock.set("mock-embedder", fault="hang")
    graph = build_graph(make_pool(), grown, settings={"k": 2, "n": 1, "deadline": 60.0}).compile()
    async with asyncio.timeout(2 * LIMIT):
        result = await graph.ainvoke({"question": "How many legs has a spider?"})
    assert result["answer"]
    assert result["support"]["count"] == 4
    first, *_ = result["degraded"]
    assert first["kind"] == "bank_outdated"
    assert first["text"].startswith("the bank is as it was before its last change: The bank's embedder: no vectors")
