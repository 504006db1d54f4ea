"""Keywords of a bank's questions: read from an LLM's reply, asked for once."""

from collections.abc import Callable

import pytest

from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.keywords import Naming, parse_keywords, read_keywords
from tools.mock.process import MockServer

MakeBank = Callable[[int], QuestionBank]
MakePool = Callable[..., Pool]


@pytest.mark.parametrize(
    ("reply", "keywords"),
    [
        ("Linear algebra, Proofs.", ["linear algebra", "proofs"]),
        ("Keywords: contract law; torts", ["contract law", "torts"]),
        ("1. **Sorting**\n2. Sorting\n- string parsing", ["sorting", "string parsing"]),
        ("a1, b1, c1, d1, e1, f1", ["a1", "b1", "c1", "d1", "e1"]),
        ("This question asks for a good knowledge of the law of contracts", []),
        ("", []),
    ],
)
def test_keywords_are_read_from_a_reply(reply: str, keywords: list[str]) -> None:
    assert parse_keywords(reply) == keywords


async def test_naming_goes_on_where_it_was(mock: MockServer, make_pool: MakePool, make_bank: MakeBank) -> None:
    bank, steps = make_bank(2), list[tuple[int, int]]()

    async def name() -> Naming:
        naming = Naming(make_pool().llms["llm-0"], Prompts.load(), {}, lambda done, total: steps.append((done, total)))
        await naming.run(bank)
        return naming

    mock.set("llm-0", text="Law", fault="500", calls=1)
    first = await name()
    assert (first.done, len(first.failures)) == (1, 1)
    second = await name()
    assert (second.done, second.failures) == (2, [])
    assert read_keywords(bank.path) == {"q0": ["law"], "q1": ["law"]}
    assert mock.stats().of("llm-0").requests == 3
    assert steps[-1] == (2, 2)
    third = await name()
    assert (third.done, mock.stats().of("llm-0").requests) == (2, 3)


async def test_an_endpoint_that_is_down_ends_it(
    mock: MockServer, make_pool: MakePool, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.store.io.appender.PATIENCE", 3)
    mock.set("llm-0", fault="refuse")
    naming = Naming(make_pool(in_flight=1).llms["llm-0"], Prompts.load(), {}, lambda done, total: None)
    await naming.run(make_bank(12))
    assert (naming.total, len(naming.failures)) == (12, 3)
