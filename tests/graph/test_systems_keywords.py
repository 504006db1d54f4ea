"""Symbolic-MoE with keywords: named by an LLM for the bank and for the question, mapped by embedding."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from smacs.errors import BankError
from smacs.graph.systems.symbolic_moe import build_symbolic_moe_graph
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.keywords import Keywords, keywords_file
from smacs.store.records import Question
from tests.support.remarks import kinds, texts
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
ONE = {"aggregators": ["llm-1"]}
ASK = {"question": "Is a verbal contract valid?"}


@pytest.fixture(scope="module")
def two(make_bank: Callable[..., QuestionBank]) -> QuestionBank:
    questions = [Question(id=f"q{i}", text=f"Question {i}", dataset="all") for i in range(2)]
    return make_bank(questions, {"llm-0": {0}, "llm-1": {0, 1}})


@pytest.fixture
def bank(two: QuestionBank) -> QuestionBank:
    """Two questions without keywords, of which llm-0 got the first right and llm-1 both."""
    keywords_file(two.path).unlink(missing_ok=True)
    return two


def write(bank: QuestionBank, **keywords: list[str]) -> None:
    lines = [msgspec.json.encode(Keywords(name, words)) for name, words in keywords.items()]
    keywords_file(bank.path).write_bytes(b"\n".join(lines) + b"\n")


async def ask(pool: Pool, bank: QuestionBank) -> Any:
    return await build_symbolic_moe_graph(pool, bank).compile().ainvoke(ASK)


async def test_a_questions_keyword_stands_for_the_banks_nearest(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """Profiles: algebra 1, 1; law -1, 1. Sums 0 and 2, shifted to 1 and 3: strengths 0.1 and 0.9.

    Of law, only llm-1 is suitable. Its share of the draws for the bank: (0.9 + 1) / 2 = 0.95, llm-0's 0.05: not rare.
    """
    write(bank, q0=["algebra"], q1=["law"])
    mock.set("llm-1", text="Law")
    result = await ask(make_pool(["llm-0", "llm-1"], **ONE), bank)
    assert result["priors"] == {"llm-1": 1.0, "llm-0": 0.0}
    assert texts(result["notes"]) == ["skills: law"]
    assert result["usage"]["calls"] == 3  # keywords, three samples of llm-1, aggregation
    mock.set("llm-1", text="Algebra, law")
    result = await ask(make_pool(["llm-0", "llm-1"], **ONE), bank)
    assert result["priors"] == {"llm-1": 1.0, "llm-0": 0.0}  # 1 - 1 = 0 and 1 + 1 = 2
    mock.set("llm-1", text="algebra")
    result = await ask(make_pool(["llm-0", "llm-1"], **ONE), bank)
    assert result["priors"] == pytest.approx({"llm-1": 0.9, "llm-0": 0.1})


async def test_without_keywords_for_the_question_its_neighbours_subjects_count(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    write(bank, q0=["algebra"], q1=["law"])
    mock.set("llm-1", fault="500")
    result = await ask(make_pool(["llm-0", "llm-1"], **ONE), bank)
    assert result["selected"] == {"candidate": None, "llm": "llm-0", "finish": "stop"}
    assert texts(result["degraded"])[0].startswith("the question's skills are not named: overloaded: llm-1")


@pytest.mark.slow
async def test_an_embedder_that_hangs_costs_no_deadline(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """It is asked for the question and the keywords of the bank; subjects stand in for these."""
    write(bank, q0=["algebra"], q1=["law"])
    mock.set("llm-1", text="Law")
    mock.set("mock-embedder", fault="hang")
    result = await ask(make_pool(["llm-0", "llm-1"], settings={"deadline": 8.0}, **ONE), bank)
    assert result["answer"] == "Law"
    assert kinds(result["degraded"]) == ["no_support", "skills_unknown"]


async def test_keywords_of_another_bank_are_refused(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    write(bank, other=["algebra"])
    mock.set("llm-1", text="algebra")
    with pytest.raises(BankError, match="names no question of its bank"):
        await ask(make_pool(["llm-0", "llm-1"], **ONE), bank)
