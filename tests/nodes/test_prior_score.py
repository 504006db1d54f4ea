"""Equations 4 and 5: priors and ranking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.prior_score import prior_scores, rank

NAN = float("nan")


def test_priors_by_hand() -> None:
    # LLM 0: 0.5*1 + 0.8*0 + 1.0*1 = 1.5.  LLM 1: 0.8.  LLM 2 (scores in [0, 1]): 0.5*0.5 + 0.8*0.25 + 1*0 = 0.45.
    similarities = np.array([0.5, 0.8, 1.0])
    correct = np.array([[1, 0, 0.5], [0, 1, 0.25], [1, 0, 0]])
    assert prior_scores(similarities, correct).tolist() == pytest.approx([1.5, 0.8, 0.45])


def test_missing_cells_are_averaged_and_scaled_to_the_whole_support() -> None:
    # LLM 0 knows cells 0 and 2: (0.5*1 + 1.0*0) / (0.5 + 1.0) = 1/3, times the sum of similarities 2.3 -> 0.76667.
    similarities = np.array([0.5, 0.8, 1.0])
    correct = np.array([[1, 1, NAN], [NAN, 1, NAN], [0, 1, NAN]])
    priors = prior_scores(similarities, correct)
    assert priors[0] == pytest.approx(2.3 / 3)
    assert priors[1] == pytest.approx(2.3)
    assert priors[2] == pytest.approx(0)  # never evaluated on any of them


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6))
def test_priors_equal_equation_4_on_complete_banks_to_the_last_bit(seed: int, size: int, llms: int) -> None:
    rng = np.random.default_rng(seed)
    similarities = rng.random(size)
    correct = rng.integers(0, 2, (size, llms)).astype(np.float32)
    assert prior_scores(similarities, correct) == pytest.approx(similarities @ correct.astype(np.float64), rel=1e-12)


@given(st.integers(0, 10_000))
def test_a_gap_in_one_llm_leaves_the_others_unchanged(seed: int) -> None:
    rng = np.random.default_rng(seed)
    similarities = rng.random(12)
    correct = rng.integers(0, 2, (12, 3)).astype(np.float64)
    before = prior_scores(similarities, correct)
    correct[rng.integers(0, 12), 0] = NAN
    after = prior_scores(similarities, correct)
    assert after[1:] == pytest.approx(before[1:], rel=1e-12)
    assert 0 <= after[0] <= similarities.sum() + 1e-9


def test_ranking_breaks_ties_by_accuracy_then_pool_order() -> None:
    priors = np.array([1.0, 2.0, 1.0, 1.0])
    accuracies = np.array([0.3, 0.1, 0.6, 0.3])
    assert rank(priors, accuracies) == [1, 2, 0, 3]
