"""Symbolic-MoE with keywords: named by an LLM for the bank and for the question, mapped by embedding."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smacs.errors import BankError
from smacs.graph.baselines.symbolic_moe import build_symbolic_moe_graph
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.keywords import Keywords, keywords_file, parse_keywords, read_keywords
from smacs.store.name_skills import Naming
from smacs.store.records import Question
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
    assert result["notes"] == ["skills: law"]
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
    assert result["degraded"][0].startswith("the question's skills are not named: overloaded: llm-1")


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
    assert [reason.partition(":")[0] for reason in result["degraded"]] == [
        "the support is the whole bank, weighted equally",
        "the question's skills cannot be compared",
    ]


async def test_keywords_of_another_bank_are_refused(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    write(bank, other=["algebra"])
    mock.set("llm-1", text="algebra")
    with pytest.raises(BankError, match="names no question of its bank"):
        await ask(make_pool(["llm-0", "llm-1"], **ONE), bank)


async def test_naming_goes_on_where_it_was(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    steps: list[tuple[int, int]] = []

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
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.store.name_skills.PATIENCE", 3)
    mock.set("llm-0", fault="refuse")
    naming = Naming(make_pool(in_flight=1).llms["llm-0"], Prompts.load(), {}, lambda done, total: None)
    await naming.run(routed)
    assert (naming.total, len(naming.failures)) == (12, 3)
    keywords_file(routed.path).unlink()


def test_the_command(
    mock: MockServer,
    bank: QuestionBank,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from smacs.cli import main as cli

    pool = tmp_path / "pool.toml"
    pool.write_text(f'aggregators = ["llm-0"]\n[llms.llm-0]\nendpoint = "{mock.url}"\nretries = 0\n')
    monkeypatch.setattr("sys.argv", ["smacs", "bank", "keywords", "--bank", str(bank.path), "--pool", str(pool)])
    for text, code, said in (("", 1, "0 of 2 questions have keywords"), ("Law", 0, "2 of 2 questions have keywords")):
        mock.set("llm-0", text=text)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == code
        assert said in capsys.readouterr().out
