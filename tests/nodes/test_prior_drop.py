"""Equation 6: the drop distribution and successive sampling."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.prior_drop import draw_subsets, log_drop_distribution
from smacs.nodes.shared.determinism import random_of


def test_distribution_by_hand() -> None:
    # Priors 1, 2, 3: mean 2, population std sqrt(2/3) = 0.81650, z = -1.22474, 0, 1.22474.
    # exp: 0.29383, 1, 3.40329; sum 4.69713; D = 0.06256, 0.21290, 0.72455.
    d = np.exp(log_drop_distribution(np.array([3.0, 1.0, 2.0])))
    assert d.tolist() == pytest.approx([0.72455, 0.06256, 0.21290], abs=2e-5)


def test_equal_priors_give_a_uniform_distribution() -> None:
    assert np.exp(log_drop_distribution(np.full(4, 7.0))).tolist() == pytest.approx([0.25] * 4)
    assert np.exp(log_drop_distribution(np.array([5.0]))) == pytest.approx([1.0])


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=15))
def test_distribution_sums_to_one_and_follows_the_priors(priors: list[float]) -> None:
    d = np.exp(log_drop_distribution(np.array(priors)))
    assert d.sum() == pytest.approx(1)
    for i, j in zip(range(len(priors)), range(1, len(priors)), strict=False):
        if priors[i] > priors[j]:
            assert d[i] >= d[j]


def test_one_draw_has_the_frequencies_of_the_distribution() -> None:
    d = np.array([0.5, 0.3, 0.2])
    rows = draw_subsets(np.log(d), 1, 40_000, np.random.default_rng(1))
    frequencies = np.bincount(rows[:, 0], minlength=3) / 40_000
    # Standard error at most sqrt(0.25 / 40,000) = 0.0025: four of them.
    assert frequencies.tolist() == pytest.approx(d.tolist(), abs=0.01)


def test_two_draws_have_the_frequencies_of_successive_sampling() -> None:
    # P({0,1}) = .5*.3/(1-.5) + .3*.5/(1-.3) = 0.30000 + 0.21429 = 0.51429
    # P({0,2}) = .5*.2/.5 + .2*.5/.8 = 0.2 + 0.125 = 0.325;  P({1,2}) = .3*.2/.7 + .2*.3/.8 = 0.08571 + 0.075 = 0.16071
    rows = draw_subsets(np.log([0.5, 0.3, 0.2]), 2, 40_000, np.random.default_rng(2))
    pairs = {pair: float((rows == pair).all(axis=1).mean()) for pair in [(0, 1), (0, 2), (1, 2)]}
    assert pairs == pytest.approx({(0, 1): 0.51429, (0, 2): 0.325, (1, 2): 0.16071}, abs=0.01)


@given(st.integers(0, 10_000), st.integers(1, 10), st.integers(1, 20))
def test_subsets_are_ascending_and_without_repetition(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    keep = int(rng.integers(1, k + 1))
    rows = draw_subsets(log_drop_distribution(rng.random(k)), keep, n, rng)
    assert rows.shape == (n, keep)
    assert all(list(row) == sorted(set(row)) and row[-1] < k for row in rows.tolist())


def test_one_seed_and_question_one_draw() -> None:
    log_d = log_drop_distribution(np.array([3.0, 2.0, 1.0]))
    draws = [draw_subsets(log_d, 2, 8, random_of(seed, "q")).tolist() for seed in (7, 7, 8)]
    assert draws[0] == draws[1] != draws[2]
    assert math.isclose(float(np.exp(log_d).sum()), 1)
