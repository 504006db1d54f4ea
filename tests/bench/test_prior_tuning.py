"""Settings chosen inside a bank, by hand; and that the test part has no say in it."""

from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.bench.prior.data import Recorded
from smacs.bench.prior.measurement import Scope
from smacs.bench.prior.rank import rank_recorded
from smacs.bench.prior.splits import Draws, by_text
from smacs.bench.prior.tuning import best, try_rule, try_selector
from smacs.bench.prior.votes import part
from smacs.nodes.selectors import Queries, selectors
from smacs.nodes.shared.tuning import Alternatives, setting_values
from smacs.nodes.vote import ballots
from smacs.nodes.vote.rule import Votes
from smacs.nodes.vote.rules.majority import Majority


@dataclass(frozen=True)
class Steered:
    """Its scores are `sign` times the question's own vector; `fitted` and `asked` are the rows that it has seen."""

    sign: Annotated[int, Alternatives(-1, 2)] = 1
    name: str = "steered"
    summary: str = "says what it is told, or the contrary"
    fitted: list[np.ndarray] = field(default_factory=list, compare=False)
    asked: list[Queries] = field(default_factory=list, compare=False)

    def fit(self, training):
        self.fitted.append(training.subjects)
        return self

    def scores(self, queries):
        self.asked.append(queries)
        return self.sign * queries.vectors.astype(np.float64)


def recorded(grades, vectors, same=None, answers=None):
    """Question i has the subject i, so that it can be known again."""
    correct, count = np.array(grades, np.float32), len(grades)
    return Recorded(
        llms=[f"llm-{r}" for r in range(correct.shape[1])],
        texts=[""] * count,
        same=np.arange(count, dtype=np.int32) if same is None else np.array(same, np.int32),
        matrix=np.array(vectors, np.float32),
        correct=correct,
        dataset_names=[""],
        datasets=np.zeros(count, np.int32),
        subject_names=[str(i) for i in range(count)],
        subjects=np.arange(count, dtype=np.int32),
        ballots=None if answers is None else ballots([""] * count, answers),
    )


# LLM 0 is right four times, LLM 1 twice; the vector favours LLM 0 five times and LLM 1, wrongly, once.
GRADES = [[1, 0], [1, 0], [1, 0], [1, 0], [0, 1], [0, 1]]
TOLD = [[9, 1], [9, 1], [9, 1], [1, 9], [9, 1], [9, 1]]


def test_every_setting_gets_its_cross_validated_rank_score():
    # One pair a question. As told: the first three are won. The contrary wins the others. Twice as told is as told.
    trials = try_selector(recorded(GRADES, TOLD), np.arange(6), Steered())
    assert [trial.settings["sign"] for trial in trials] == [1, -1, 2]
    assert [trial.tally.share for trial in trials] == pytest.approx([3 / 6, 3 / 6, 3 / 6])
    assert best(trials).settings == {"sign": 1}  # a tie: the default


def test_the_best_is_chosen_and_of_equals_the_first():
    grades = [[0, 1], [0, 1], [0, 1], [1, 0], [1, 0], [1, 0]]
    trials = try_selector(recorded(grades, TOLD), np.arange(6), Steered())
    # The contrary wins the first three; the fourth is told wrong, so it wins that one too, and loses the last two.
    assert [trial.tally.share for trial in trials] == pytest.approx([2 / 6, 4 / 6, 2 / 6])
    assert best(trials).settings == {"sign": -1}


def test_where_nothing_says_anything_the_defaults_stay():
    equal = recorded([[1, 1]] * 6, TOLD)
    assert best(try_selector(equal, np.arange(6), Steered())).settings == {"sign": 1}
    twins = recorded([[0, 1]] * 6, TOLD, same=[0] * 6)  # no two folds without a text in common
    assert best(try_selector(twins, np.arange(6), Steered())).settings == {"sign": 1}


def test_a_selector_without_settings_costs_nothing():
    (trial,) = try_selector(recorded(GRADES, TOLD), np.arange(6), selectors()["rps"])
    assert trial.made is selectors()["rps"]
    assert trial.settings == {}


def test_only_the_given_questions_are_looked_at_and_as_live_ones():
    selector = Steered()
    try_selector(recorded(GRADES, TOLD), np.array([0, 2, 3, 5]), selector)
    assert {int(i) for seen in selector.fitted for i in seen} == {0, 2, 3, 5}
    assert len(selector.fitted) == len(selector.asked) == 9  # three settings, three folds
    assert all((queries.subjects == -1).all() for queries in selector.asked)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=40), st.integers(2, 5), st.integers(0, 99))
def test_questions_with_the_same_text_are_in_one_fold(codes, folds, seed):
    same = np.array(codes, np.int32)
    splits = by_text(same, folds, len(same), seed)
    texts = len(set(codes))
    assert len(splits) == (min(folds, texts) if texts > 1 else 0)
    tested = [int(i) for split in splits for i in split.test]
    assert sorted(tested) == (list(range(len(codes))) if splits else [])
    for split in splits:
        assert not set(same[split.bank]) & set(same[split.test])
        assert len(split.bank) + len(split.test) == len(codes)


def test_of_a_large_bank_a_part_is_asked_and_all_the_rest_is_fitted_on():
    splits = by_text(np.arange(100, dtype=np.int32), 4, 20, seed=1)
    assert sum(len(split.test) for split in splits) == 20
    assert [len(split.bank) for split in splits] == [75] * 4


@dataclass(frozen=True)
class Loudest:
    """One LLM decides alone."""

    who: Annotated[int, Alternatives(1)] = 0
    name: str = "loudest"
    summary: str = "one decides"

    def fit(self, poll):
        return self

    def votes(self, ballots, priors, order):
        return Votes((order == self.who).astype(np.float64), np.zeros(order.shape))


ANSWERS = [["A", "B"], ["A", "B"], ["A", "B"], ["A", "B"], ["B", "A"], ["B", "A"]]


def test_a_rules_settings_are_compared_by_the_accuracy_of_the_vote():
    data = recorded(GRADES, TOLD, answers=ANSWERS)
    assert data.ballots
    bank = part(data, data.ballots, np.arange(6), np.tile([0.6, 0.4], (6, 1)), np.zeros(2))
    trials = try_rule(bank, data.same, Loudest(), k=2)
    assert [trial.settings["who"] for trial in trials] == [0, 1]
    assert [trial.tally.share for trial in trials] == pytest.approx([4 / 6, 2 / 6])
    assert best(try_rule(bank, data.same, Majority(), k=2)).settings == {}


def test_each_split_chooses_inside_its_bank_part_alone():
    """The bank halves say that the contrary is right, the test halves the opposite: nobody listens to them."""
    split, *_ = Draws(1, 4, 2).splits(6, seed=0)
    grades = np.tile([[0.0, 1.0]], (6, 1))
    grades[split.test] = [1.0, 0.0]
    data = recorded(grades, [[9, 1]] * 6, answers=[["A", "B"]] * 6)
    scope = Scope({"simple_router": selectors()["simple_router"], "steered": Steered()}, {"loudest": Loudest()}, 2, 1.0)
    report = rank_recorded(data, Draws(1, 4, 2), scope)
    chosen = {(choice.kind, choice.name, choice.setting): choice for choice in report.choices}
    sign, who = chosen["selector", "steered", "sign"], chosen["rule", "loudest", "who"]
    assert (sign.candidates, sign.splits) == ([1, -1, 2], [-1])
    assert (who.candidates, who.splits) == ([0, 1], [1])
    (row,) = (row for row in report.rows if (row.selector, row.rule, row.group) == ("steered", "", "all"))
    assert row.figures["rank"].value
    assert row.figures["rank"].value.value == pytest.approx(
        0
    )  # the choice was wrong for the test half, and that is what is reported


def test_without_answers_no_rule_is_chosen():
    data = recorded(GRADES, TOLD)
    scope = Scope({"simple_router": selectors()["simple_router"]}, {"loudest": Loudest()}, 2, 1.0)
    assert rank_recorded(data, Draws(1, 4, 2), scope).choices == []


@pytest.mark.parametrize("name", ["softmax_kernel", "knn_shrinkage"])
def test_what_is_chosen_follows_from_bank_and_seed(name):
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(60, 4))
    data = recorded(rng.integers(0, 2, (60, 3)), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    data = replace(data, subjects=np.zeros(60, np.int32))
    one, two = (best(try_selector(data, np.arange(60), selectors()[name], seed=3)) for _ in range(2))
    assert setting_values(one.made) == setting_values(two.made)
    assert one.tally.share == pytest.approx(two.tally.share)
