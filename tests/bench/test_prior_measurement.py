from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from smacs.bench.prior.data import Recorded
from smacs.bench.prior.measurement import Scope
from smacs.bench.prior.rank import rank_recorded
from smacs.bench.prior.splits import Draws, Folds, Holdout
from smacs.bench.prior.votes import cross_fitted, part
from smacs.errors import InputError
from smacs.nodes.selectors import selectors
from smacs.nodes.vote import ballots, vote_rules

NAN = np.nan
GRADES = [[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 1]]  # the last two are tested
TOLD = [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0.1, 0.9, 0.5], [0.9, 0.5, 0.1]]
ANSWERS = [["A", "A", "B"], ["A", "B", "C"], ["A", "B", "A"], ["B", "C", "A"], ["A", "B", "A"], ["C", "D", "C"]]


@dataclass
class Told:
    """A selector whose scores are the question's own vector; `seen` are the vectors of each fit."""

    name: str = "told"
    summary: str = "says what it is told"
    seen: list[np.ndarray] = field(default_factory=list)

    def fit(self, training):
        self.seen.append(training.matrix)
        return self

    def scores(self, queries):
        return queries.vectors.astype(np.float64)


@dataclass
class Broken(Told):
    """A selector that divides by zero."""

    def scores(self, queries):
        return queries.vectors.astype(np.float64) * NAN


def recorded(grades=GRADES, vectors=TOLD, answers=None, datasets=None):
    correct, count = np.array(grades, np.float32), len(grades)
    codes = np.zeros(count, np.int32) if datasets is None else np.array(datasets, np.int32)
    return Recorded(
        llms=[f"llm-{r}" for r in range(correct.shape[1])],
        texts=[""] * count,
        same=np.arange(count, dtype=np.int32),
        matrix=np.array(vectors, np.float32),
        correct=correct,
        dataset_names=[f"set-{code}" for code in range(codes.max() + 1)],
        datasets=codes,
        subject_names=[""],
        subjects=np.zeros(count, np.int32),
        ballots=None if answers is None else ballots([""] * count, answers),
    )


def measured(data, protocol=None, told=None, rule=(), k=2, calls=1.0):
    chosen = {"simple_router": selectors()["simple_router"], "told": told or Told()}
    scope = Scope(chosen, {name: vote_rules()[name] for name in rule}, k, calls)
    return rank_recorded(data, protocol or Holdout(4), scope)


def figures(report, selector, rule="", group="all", name=""):
    (row,) = (r for r in report.rows if (r.selector, r.rule, r.group, r.name) == (selector, rule, group, name))
    return row.figures


def value(figure):
    assert figure.value
    return figure.value.value


def gain(figure):
    assert figure.gain
    return figure.gain.value


def test_a_run_by_hand():
    report = measured(recorded())
    router, told = figures(report, "simple_router"), figures(report, "told")
    # Accuracies on the bank: 3/4, 1/4, 2/4. Simple Router ranks 0, 2, 1 on both test questions.
    # Question 5 (llm-1 right): its pairs (1,0) and (1,2) are lost; question 6 (0 and 2 right): (0,1) and (2,1) are won.
    assert value(router["rank"]) == pytest.approx(50)
    assert value(router["top1"]) == pytest.approx(50)
    assert value(router["any"]) == pytest.approx(50)  # llm-0 and llm-2: none right on question 5, both on question 6
    assert router["rank"].gain is None
    # Told ranks 1, 2, 0 (both pairs won), then 0, 1, 2 ((0,1) won, (2,1) lost).
    assert value(told["rank"]) == pytest.approx(75)
    assert value(told["top1"]) == pytest.approx(100)
    assert value(told["any"]) == pytest.approx(100)
    assert (gain(told["rank"]), gain(told["top1"])) == (25, 50)
    assert told["rank"].gain and told["rank"].gain.splits == [25]
    assert (told["rank"].questions, told["rank"].left_out) == (2, 0)


def test_an_answer_is_compared_with_the_one_of_simple_router():
    report = measured(recorded(answers=ANSWERS), rule=["majority"], k=3)
    vote = figures(report, "told", "majority")
    # All three vote: A on question 5 (llm-1 was right with B), C on question 6 (right). Simple Router's llm-0 as well.
    assert value(vote["vote"]) == pytest.approx(50)
    assert gain(vote["vote"]) == 0
    assert 1 <= value(vote["calls"]) <= 3
    assert vote["calls"].gain is None
    assert report.rules.keys() == {"majority"}


def test_without_recorded_answers_no_rule_is_measured():
    report = measured(recorded(), rule=["majority"])
    assert {row.rule for row in report.rows} == {""}
    assert report.rules == {}


def test_missing_cells_are_left_out_and_counted():
    grades = [*GRADES[:4], [0, NAN, 0], [1, 0, NAN]]
    report = measured(recorded(grades))
    router, told = figures(report, "simple_router"), figures(report, "told")
    # Question 5 has no pair left and its llm-1, first for Told, is missing; question 6 has the pair (0,1), won by both.
    assert (value(told["rank"]), told["rank"].questions, told["rank"].left_out) == (pytest.approx(100), 1, 1)
    assert (value(told["top1"]), told["top1"].questions, told["top1"].left_out) == (pytest.approx(100), 1, 1)
    # Simple Router answers question 5 wrong and 6 right; only question 6 is compared.
    assert (value(router["top1"]), router["top1"].questions) == (pytest.approx(50), 2)
    assert gain(told["top1"]) == 0
    assert report.setup.coverage == pytest.approx(16 / 18)


def test_a_figure_that_nothing_says_anything_about_is_none():
    report = measured(recorded([*GRADES[:4], [1, 1, 1], [NAN, NAN, NAN]]))
    assert figures(report, "told")["rank"].value is None
    assert figures(report, "told")["rank"].gain is None
    assert value(figures(report, "told")["top1"]) == pytest.approx(100)


def test_data_sets_have_rows_of_their_own():
    report = measured(recorded(datasets=[0, 0, 1, 1, 0, 1]))
    assert value(figures(report, "told", group="dataset", name="set-0")["rank"]) == pytest.approx(100)  # question 5
    assert value(figures(report, "told", group="dataset", name="set-1")["rank"]) == pytest.approx(50)  # question 6
    # On set-0 (questions 1, 2) llm-0 has 2/2; on set-1 (3, 4) llm-2 has 2/2, and it is right on question 6.
    assert value(figures(report, "simple_router", group="dataset", name="set-1")["top1"]) == pytest.approx(100)
    assert {row.group for row in measured(recorded()).rows} == {"all"}


def test_a_live_question_has_no_data_set():
    """Question 6 is of set-1, but its vector is that of a question of set-0, where llm-1 is best."""
    vectors = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0]]
    grades = [[0, 1, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]]
    router = figures(measured(recorded(grades, vectors, datasets=[0, 0, 1, 1, 0, 1])), "simple_router")
    # Told the data set, every right LLM is ahead of the two wrong ones: 4 of 4 pairs. Not told, question 6 has
    # accuracies 0, 1, 0 for its right llm-0: behind llm-1, level with llm-2, so 2.5 of 4.
    assert value(router["rank"]) == pytest.approx(100)
    assert value(router["live"]) == pytest.approx(62.5)


def test_a_selector_never_sees_a_question_it_scores_nor_its_twin():
    data = replace(recorded(vectors=np.eye(6)), same=np.array([0, 1, 2, 3, 4, 0], np.int32))  # 0 and 5 are twins
    rows = np.array([0, 1, 2, 3, 5])
    scored: list[int] = []

    class Nosy(Told):
        def scores(self, queries):
            fitted_on, asked = ({*vectors.argmax(axis=1).tolist()} for vectors in (self.seen[-1], queries.vectors))
            assert not fitted_on & asked
            assert not (fitted_on & {0, 5} and asked & {0, 5})
            scored.extend(asked)
            return np.tile(queries.vectors.argmax(axis=1)[:, None], 3).astype(np.float64)

    assert cross_fitted(data, rows, Nosy(), seed=0)[:, 0].tolist() == rows.tolist()
    assert sorted(scored) == rows.tolist()


def test_bank_questions_with_the_text_of_a_test_question_are_not_fitted_on():
    (split,) = Draws(1, 4, 2).splits(6, seed=0)
    same = np.arange(6, dtype=np.int32)
    same[split.bank[1]] = same[split.test[0]]
    told = Told()
    data = replace(recorded(vectors=np.arange(18).reshape(6, 3)), same=same)
    assert measured(data, Draws(1, 4, 2), told=told).setup.dropped == 1
    assert told.seen[0][:, 0].tolist() == [3 * split.bank[i] for i in (0, 2, 3)]


def test_who_has_no_recorded_reply_is_called_last():
    grades = [[1, 1, 0], [NAN, 1, 0], [0, NAN, NAN]]
    data = recorded(grades, TOLD[:3], answers=[["A", "A", "B"], [None, "B", "C"], ["A", None, None]])
    assert data.ballots
    priors = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.1, 0.5, 0.9]])
    order = part(data, data.ballots, np.arange(3), priors, np.zeros(3)).order
    assert order.tolist() == [[0, 1, 2], [1, 2, 0], [0, 2, 1]]


def test_a_broken_selector_is_named():
    with pytest.raises(InputError, match=r"Selector 'told' gave scores .* expected finite ones, \(2, 3\)"):
        measured(recorded(), told=Broken())


def test_of_a_small_bank_all_llms_vote():
    setup = measured(recorded(), k=7, calls=4.0).setup
    assert (setup.k, setup.calls) == (3, 3)


@pytest.mark.parametrize("scope", [{"k": 0}, {"calls": 0.5}])
def test_at_least_one_call_is_needed(scope):
    with pytest.raises(InputError, match=r"--k and --calls: expected at least 1"):
        measured(recorded(), **scope)


def test_named_selectors_come_with_the_one_they_are_compared_with():
    scope = Scope.of(["rps"], ["majority"], k=3)
    assert set(scope.selectors) == {"rps", "simple_router"}
    assert set(scope.rules) == {"majority"}
    assert Scope.of([], []).selectors.keys() == selectors().keys()
    with pytest.raises(InputError, match=r"--selector: expected one of .*rps.*; got 'magic'"):
        Scope.of(["magic"], [])
    with pytest.raises(InputError, match=r"--rule: expected one of .*majority.*; got 'magic'"):
        Scope.of([], ["magic"])


def test_steps_are_reported_and_a_run_repeats_itself():
    data = recorded(np.random.default_rng(0).integers(0, 2, (30, 3)), np.random.default_rng(1).random((30, 3)))
    scope = Scope({name: selectors()[name] for name in ("simple_router", "global_accuracy")}, {}, k=2, calls=1, seed=4)
    steps = []
    one = rank_recorded(data, Folds(3), scope, lambda done, total: steps.append((done, total)))
    assert steps == [(i, 6) for i in range(1, 7)]
    assert one.rows == rank_recorded(data, Folds(3), scope).rows
    assert one.rows != rank_recorded(data, Folds(3), replace(scope, seed=5)).rows
