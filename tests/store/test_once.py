"""Work that many ask for: one does it, and each gets the error of work that it would have done itself."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smacs.errors import BankError, EmbedderDownError
from smacs.store.bank import QuestionBank
from smacs.store.io.once import Once

MakeBank = Callable[[int], QuestionBank]


async def test_a_result_is_for_all_and_an_error_for_those_with_the_same_means() -> None:
    once, begun, go = Once[str, str](), list[str](), asyncio.Event()

    def work(name: str) -> Callable[[], Any]:
        async def run() -> str:
            begun.append(name)
            await go.wait()
            if name.startswith("broken"):
                raise ValueError(name)
            return name

        return run

    async def ask(name: str) -> str:
        return await once.run("key", work(name), means=name)

    tasks = [asyncio.create_task(ask(name)) for name in ("broken 1", "broken 2", "broken 1", "works", "broken 2")]
    asyncio.get_running_loop().call_later(0, go.set)  # after all of them have asked
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert str(results[0]) == "broken 1"
    assert results[2] is results[0]  # waited for, not done again
    assert results[3] == "works"
    assert {str(results[1]), str(results[4])} <= {"broken 2", "works"}
    assert begun.count("broken 1") == 1


class Broken:
    """The bank's own embedder, at an endpoint that is down."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    async def embed(self, texts: Any, *, query: bool = False) -> Any:
        await asyncio.sleep(0)
        raise EmbedderDownError("down")

    async def aclose(self) -> None: ...


@pytest.mark.usefixtures("chroma_here")
@pytest.mark.parametrize("order", [(None, "works"), ("works", None), ("broken", "works"), ("broken", None, "works")])
async def test_a_load_is_as_good_as_its_own_embedder(
    make_bank: MakeBank, embedder: Any, forget: Callable[[], None], order: tuple[str | None, ...]
) -> None:
    bank = make_bank(3)
    means = {"works": embedder, "broken": Broken(embedder.spec), None: None}
    results = await asyncio.gather(*(bank.load(means[name]) for name in order), return_exceptions=True)
    for name, result in zip(order, results, strict=True):
        if name == "works":
            assert len(result) == 3  # type: ignore[arg-type]
        else:  # alone it cannot, and says why; with the vectors of another's load, if that comes first, it can
            own = EmbedderDownError if name == "broken" else BankError
            assert isinstance(result, own) or len(result) == 3  # type: ignore[arg-type]
    assert embedder.seen == [question.text for question in bank.questions]  # each of them once
