"""What holds for every benchmark: it is found, its parts share nothing, its questions are drawn by a seed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from smacs.bench.benchmarks import bank_part, benchmarks, find_benchmark, refuse_leaks
from smacs.bench.benchmarks.shared.bank import fill_bank
from smacs.bench.benchmarks.shared.benchmark import Benchmark, drawn
from smacs.bench.benchmarks.shared.leaks import near_copies
from smacs.errors import BankError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.identity import normalised
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question

SPEC = EmbedderSpec(model="given", dimension=3)
NUMBERS = st.lists(st.integers(0, 20), max_size=12)


def question(identity: str, text: str) -> Question:
    return Question(id=identity, text=text, label="1", task="math", dataset="made")


def made(test: Sequence[int], bank: Sequence[int], size: int | None = None) -> Benchmark:
    """Text i of the bank part has other letter case and white space than text i of the test part."""
    asked = [question(f"t{place}", f"what is {i}") for place, i in enumerate(test)]
    given = [question(f"b{place}", f" What  IS {i}") for place, i in enumerate(bank)]
    return Benchmark(
        name="made",
        title="Made",
        test_size=None,
        hub=("made/up",),
        test=lambda data: asked,
        bank=lambda data: given,
        bank_size=size,
    )


@pytest.fixture
def use(monkeypatch):
    """Puts a benchmark in the place of all."""

    def put(benchmark: Benchmark) -> None:
        monkeypatch.setattr("smacs.bench.benchmarks.shared.benchmark._found", lambda: {benchmark.name: benchmark})

    return put


def test_the_eight_benchmarks_of_the_paper():
    sizes = {name: benchmark.test_size for name, benchmark in benchmarks().items()}
    assert sizes == {
        "aime2024": 30,
        "gpqa_diamond": 198,
        "ifeval": 300,
        "livecodebench": None,
        "math500": 500,
        "mbpp": 500,
        "medmcqa": 1200,
        "mmlu_pro": 1196,
    }


def test_an_unknown_benchmark_is_answered_with_those_that_exist():
    with pytest.raises(InputError, match=r"no benchmark 'gsm8k'; there are aime2024, .*, mmlu_pro"):
        find_benchmark("gsm8k")


@given(NUMBERS, NUMBERS, st.none() | st.integers(0, 5))
def test_the_bank_part_has_no_test_question_and_nothing_twice(test, bank, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smacs.bench.benchmarks.shared.benchmark._found", lambda: {"made": made(test, bank, size)})
        part = bank_part("made")
    texts = [normalised(item.text) for item in part.questions]
    assert len(set(texts)) == len(texts)
    assert not set(texts) & {f"what is {i}" for i in test}
    distinct = len(set(bank) - set(test))
    assert part.copies == len(bank) - distinct
    assert len(texts) == (distinct if size is None else min(size, distinct))


@given(st.sets(st.integers(0, 99)), st.integers(1, 99), st.integers(1, 99), st.integers(0, 3))
def test_a_larger_limit_begins_with_the_smaller_one(numbers, one, other, seed):
    questions = [question(f"q{i}", str(i)) for i in numbers]
    small, large = (drawn(questions, limit, seed) for limit in sorted((one, other)))
    assert large[: len(small)] == small
    assert len(small) == min(one, other, len(questions))
    assert drawn(questions[1:], None, seed) == [item for item in drawn(questions, None, seed) if item in questions[1:]]


def test_seeds_draw_other_orders_and_a_limit_is_at_least_one():
    questions = [question(f"q{i}", str(i)) for i in range(50)]
    assert drawn(questions, 10, 1) == drawn(questions[::-1], 10, 1) != drawn(questions, 10, 2)
    with pytest.raises(InputError, match="at least 1, got 0"):
        drawn(questions, 0, 1)


def test_a_bank_with_test_questions_is_refused(tmp_path):
    inside = [question(f"b{i}", f"What is {i}?") for i in range(10)]
    bank = QuestionBank.create(tmp_path / "bank", SPEC, inside)
    refuse_leaks(bank, [question("t", "What is 10?")])
    with pytest.raises(BankError, match=r"(?s)^1 test question is in the bank .*bench bank.*  t \(in the bank: b3\)$"):
        refuse_leaks(bank, [question("t", " what  is 3?"), question("u", "What is 11?")])
    with pytest.raises(BankError, match=r"(?s)^1 test question is .*  b3 \(in the bank: b3\)$"):
        refuse_leaks(bank, [question("b3", "the same id")])
    with pytest.raises(BankError, match=r"(?s)^10 test questions are .*t4 .*\n  \.\.\. and 5 more$"):
        refuse_leaks(bank, [question(f"t{i}", f"What is {i}?") for i in range(10)])


def test_a_bank_is_made_and_extended_and_twice_changes_nothing(tmp_path, use):
    use(made([1, 2], [2, 3, 4, 4, 5]))
    first = fill_bank(tmp_path / "bank", ["made"], None, embedder=SPEC, limit=2, seed=1)
    assert [(line.new, line.known, line.copies) for line in first] == [(2, 0, 2)]
    more = fill_bank(tmp_path / "bank", ["made"], None, embedder=SPEC)
    assert [(line.new, line.known) for line in more] == [(1, 2)]
    before = (tmp_path / "bank" / "questions.jsonl").read_bytes()
    assert fill_bank(tmp_path / "bank", ["made"], None, embedder=SPEC)[0].new == 0
    assert (tmp_path / "bank" / "questions.jsonl").read_bytes() == before
    questions = QuestionBank.open(tmp_path / "bank").questions
    assert sorted(normalised(item.text) for item in questions) == ["what is 3", "what is 4", "what is 5"]


def test_a_bank_to_begin_with_is_copied_with_its_answers(tmp_path, use):
    use(made([1], [2]))
    start = QuestionBank.create(tmp_path / "start", EmbedderSpec(model="other", dimension=4), [question("s", "Old?")])
    cell = Evaluation(question="s", correct=0.5, response="So it is.")
    merge(start, [Found(question("s", "Old?"), {"llm": cell})])
    fill_bank(tmp_path / "bank", ["made"], None, embedder=SPEC, start=start)
    copy = QuestionBank.open(tmp_path / "bank")
    assert [item.text for item in copy.questions] == ["Old?", " What  IS 2"]
    assert copy.embedder.model == "other"
    assert copy.evaluations("llm") == [cell]
    with pytest.raises(BankError, match="there already: leave out --start"):
        fill_bank(tmp_path / "bank", ["made"], None, embedder=SPEC, start=start)


def test_a_bank_that_holds_a_test_question_is_not_extended(tmp_path, use):
    use(made([1], [2]))
    folder: Path = tmp_path / "bank"
    QuestionBank.create(folder, SPEC, [question("old", "What is 1")])
    with pytest.raises(BankError, match="1 test question is in the bank"):
        fill_bank(folder, ["made"], None, embedder=SPEC)
    assert [item.id for item in QuestionBank.open(folder).questions] == ["old"]


class _ByHand:
    """Embeds every text as (0.8, 0.6)."""

    spec = EmbedderSpec(model="given", dimension=2)

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        assert not query
        return np.array([[0.8, 0.6] for _ in texts], np.float32)

    async def aclose(self) -> None:
        pass


@pytest.mark.slow
async def test_near_copies_are_listed_by_their_cosine(tmp_path):
    """Cosines with (0.8, 0.6): 0.8 of (1, 0), 0.48 + 0.48 of (0.6, 0.8), 0.6 of (0, 1)."""
    bank = QuestionBank.create(tmp_path / "bank", _ByHand.spec, [])
    rows = {"a": (1.0, 0.0), "b": (0.6, 0.8), "c": (0.0, 1.0)}
    merge(bank, [Found(question(name, name), vector=np.array(row)) for name, row in rows.items()])
    copies = await near_copies(bank, _ByHand(), [question("t", "asked")], 0.7)
    assert [(copy.question.id, copy.test_question.id) for copy in copies] == [("b", "t"), ("a", "t")]
    assert [copy.similarity for copy in copies] == pytest.approx([0.96, 0.8])
    assert await near_copies(bank, _ByHand(), [], 0) == []
