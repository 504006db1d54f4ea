import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smacs.bench.prior.metrics import Tally, any_right, first, ranked_pairs, ranking

NAN = np.nan
GRADES = arrays(np.float64, (5, 4), elements=st.sampled_from([0.0, 0.5, 1.0, NAN]))
SCORES = arrays(np.float64, (5, 4), elements=st.integers(-8, 8).map(float))


def test_equation_8_by_hand():
    scores = np.array([[0.9, 0.5, 0.5, 0.1], [0.2, 0.4, 0.6, 0.8], [0.1, 0.2, 0.3, 0.4]])
    correct = np.array([[1, 1, 0, 0], [1, 0, 0, NAN], [1, 1, 1, 1]])
    tally = ranked_pairs(scores, correct)
    # question 1: pairs (0,2) won, (0,3) won, (1,2) level, (1,3) won; question 2: (0,1), (0,2) lost; question 3: none
    assert tally.gained.tolist() == [3.5, 0, 0]
    assert tally.of.tolist() == [4, 2, 0]
    assert tally.share == pytest.approx(3.5 / 6)


def test_a_higher_grade_is_the_better_of_a_pair():
    tally = ranked_pairs(np.array([[3.0, 2.0, 1.0]]), np.array([[0.5, 1.0, 0.5]]))
    # pairs (1,0): 2 < 3 lost; (1,2): 2 > 1 won; 0 and 2 are equal: no pair
    assert (tally.gained[0], tally.of[0]) == (1, 2)


def test_ties_go_to_the_higher_accuracy_and_then_to_pool_order():
    scores = np.array([[1.0, 2.0, 2.0, 2.0], [5.0, 5.0, 5.0, 6.0]])
    accuracies = np.array([0.9, 0.3, 0.7, 0.7])
    assert ranking(scores, accuracies).tolist() == [[2, 3, 1, 0], [3, 0, 2, 1]]


def test_top_1_is_the_grade_of_the_first_and_leaves_missing_cells_out():
    order = np.array([[1, 0], [0, 1], [1, 0]])
    tally = first(order, np.array([[0, 1], [0.25, 1], [1, NAN]]))
    assert tally.gained.tolist() == pytest.approx([1, 0.25, 0])
    assert tally.of.tolist() == [1, 1, 0]
    assert tally.share == pytest.approx(0.625)


def test_any_right_takes_the_best_grade_among_the_first_k():
    order = np.array([[2, 1, 0], [2, 1, 0], [2, 1, 0], [2, 1, 0]])
    correct = np.array([[1, 0, 0], [0, 1, 0], [0, 0.5, NAN], [1, NAN, NAN]])
    tally = any_right(order, correct, 2)
    assert tally.gained.tolist() == pytest.approx([0, 1, 0.5, 0])
    assert tally.of.tolist() == [1, 1, 1, 0]


def test_a_paired_difference_is_over_the_questions_both_know():
    mine = Tally(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]))
    theirs = Tally(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    difference = mine.minus(theirs)
    assert difference.gained.tolist() == [1, 0, 0]
    assert difference.of.tolist() == [1, 0, 0]


def test_the_share_of_nothing_is_no_number():
    assert np.isnan(Tally(np.zeros(2), np.zeros(2)).share)


@given(GRADES)
def test_a_perfect_prior_scores_100_and_its_reverse_0(correct):
    filled = np.nan_to_num(correct)
    assert (ranked_pairs(filled, correct).gained == ranked_pairs(filled, correct).of).all()
    assert (ranked_pairs(-filled, correct).gained == 0).all()


@given(GRADES)
def test_a_constant_prior_scores_50(correct):
    tally = ranked_pairs(np.full(correct.shape, 0.3), correct)
    assert (tally.gained == tally.of / 2).all()


@given(SCORES, GRADES, st.permutations(range(4)))
def test_the_order_of_the_llms_does_not_matter(scores, correct, order):
    one, other = ranked_pairs(scores, correct), ranked_pairs(scores[:, order], correct[:, order])
    assert (one.gained == other.gained).all()
    assert (one.of == other.of).all()


@given(SCORES, GRADES)
def test_only_the_order_of_the_scores_matters(scores, correct):
    stretched = np.exp(scores / 3) - 100
    assert (ranked_pairs(scores, correct).gained == ranked_pairs(stretched, correct).gained).all()
    accuracies = np.zeros(4)
    assert (ranking(scores, accuracies) == ranking(stretched, accuracies)).all()


@given(SCORES, GRADES, st.integers(1, 4))
def test_more_llms_never_lower_the_best_grade(scores, correct, k):
    order = ranking(scores, np.zeros(4))
    some, every = any_right(order, correct, k), any_right(order, correct, 4)
    assert (some.gained <= every.gained).all()
    assert (some.of <= every.of).all()
    assert (first(order, correct).gained == any_right(order, correct, 1).gained).all()


@pytest.mark.parametrize("grades", [[[1.0, NAN]], [[NAN, NAN]], [[1.0, 1.0]]])
def test_without_two_different_grades_a_question_has_no_pair(grades):
    assert ranked_pairs(np.array([[1.0, 0.0]]), np.array(grades)).of.tolist() == [0]
