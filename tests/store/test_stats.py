"""Accuracy, Wilson intervals, coverage."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank, check_llms
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.records import Evaluation, Question
from smacs.store.stats import StatsRow, bank_stats, coverage, wilson


def test_wilson_by_hand() -> None:
    # z = 2, share 0.5, 12 trials: centre 0.5 + 4/24 = 2/3, half 2 * sqrt(0.25/12 + 4/576) = 1/3, scale 1 + 4/12 = 4/3.
    assert wilson(0.5, 12, z=2.0) == pytest.approx((0.25, 0.75))
    # share 0, 4 trials: centre 4/8 = 0.5, half 2 * sqrt(4/64) = 0.5, scale 2.
    assert wilson(0.0, 4, z=2.0) == pytest.approx((0.0, 0.5))


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_wilson_holds_the_share(share: float, count: int) -> None:
    low, high = wilson(share, count)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


def test_rows_by_dataset(tmp_path: Path) -> None:
    sets = {"a": "math", "b": "math", "c": "code"}
    questions = [Question(id=name, text=name, label=1, dataset=dataset) for name, dataset in sets.items()]
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(dimension=2), questions)
    with JsonlWriter(bank.evaluation_file("m"), Evaluation) as writer:
        writer.append([Evaluation(question="a", correct=1, tokens=10, seconds=1.0)])
        writer.append([Evaluation(question="b", correct=0.5, tokens=20, seconds=2.0)])
    low, high = wilson(0.75, 2)
    figures = (0.75, low, high, 15.0, 1.5)
    assert bank_stats(bank) == [
        StatsRow("m", None, 3, 2, *figures),
        StatsRow("m", "math", 2, 2, *figures),
        StatsRow("m", "code", 1, 0),
    ]
    assert [row.evaluated for row in bank_stats(bank, ["never asked"])] == [0, 0, 0]


def test_rows_by_subject_follow_their_dataset(tmp_path: Path) -> None:
    places = {"a": ("math", "sums"), "b": ("code", ""), "c": ("math", "roots"), "d": ("math", "sums")}
    questions = [Question(id=name, text=name, dataset=of[0], subject=of[1]) for name, of in places.items()]
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(dimension=2), questions)
    with JsonlWriter(bank.evaluation_file("m"), Evaluation) as writer:
        writer.append([Evaluation(question=name, correct=float(name == "a")) for name in "abd"])
    rows = bank_stats(bank, by="subject")
    assert [(row.dataset, row.subject, row.questions, row.evaluated, row.accuracy) for row in rows] == [
        (None, None, 4, 3, pytest.approx(1 / 3)),
        ("math", None, 3, 2, 0.5),
        ("math", "sums", 2, 2, 0.5),
        ("math", "roots", 1, 0, None),
        ("code", None, 1, 1, 0.0),
        ("code", "", 1, 1, 0.0),
    ]


def test_recorded_grades_without_cost_say_nothing_about_it(tmp_path: Path) -> None:
    questions = [Question(id=name, text=name) for name in "abc"]
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(dimension=2), questions)
    for llm, tokens in {"mixed": 10, "recorded": 0}.items():
        with JsonlWriter(bank.evaluation_file(llm), Evaluation) as writer:
            writer.append([Evaluation(question="a", correct=1, tokens=tokens), Evaluation(question="b", correct=1)])
    assert [(row.llm, row.tokens, row.seconds) for row in bank_stats(bank) if row.dataset is None] == [
        ("mixed", 10.0, None),
        ("recorded", None, None),
    ]


def test_how_thin_a_bank_is(tmp_path: Path) -> None:
    questions = [Question(id=name, text=name) for name in "abcd"]
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(dimension=2), questions)
    assert coverage(bank).missing == 1.0
    for llm, answered in {"one": "ab", "two": "b"}.items():
        with JsonlWriter(bank.evaluation_file(llm), Evaluation) as writer:
            writer.append([Evaluation(question=name, correct=1) for name in answered])
    found = coverage(bank)
    assert (found.questions, found.evaluated, found.untouched) == (4, {"one": 2, "two": 1}, 2)
    assert found.missing == 5 / 8
    assert coverage(bank, ["two"]).untouched == 3
    with pytest.raises(InputError, match="no evaluations of 'three'; it has one, two"):
        check_llms(bank, ["one", "three"])
