import numpy as np
import pytest

from smacs.bench.prior import metrics
from smacs.bench.prior.metrics import intervals


def test_the_interval_of_a_share_is_about_as_wide_as_the_normal_one():
    right = np.repeat([1.0, 0.0], [300, 100])[:, None]
    low, high = intervals(right, np.ones_like(right), seed=0)[0]
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)  # 0.0424
    assert abs(low - (0.75 - half)) < 0.005
    assert abs(high - (0.75 + half)) < 0.005


def test_a_question_that_counts_twice_is_drawn_as_one():
    right = np.repeat([1.0, 0.0], [30, 30])[:, None]
    once = intervals(right, np.ones_like(right), seed=0)
    twice = intervals(2 * right, 2 * np.ones_like(right), seed=0)
    np.testing.assert_allclose(once, twice)


def test_what_never_varies_has_no_width_and_what_is_never_said_no_interval():
    gained, of = np.array([[2.0, 0.0], [4.0, 0.0]]), np.array([[4.0, 0.0], [8.0, 0.0]])
    ends = intervals(gained, of, seed=0)
    assert ends[0] == pytest.approx([0.5, 0.5])
    assert np.isnan(ends[1]).all()


def test_draws_are_seeded_and_do_not_depend_on_how_many_fit_into_memory(monkeypatch):
    random = np.random.default_rng(0)
    gained = random.random((50, 3))
    of = gained + random.random((50, 3))
    whole, other = (intervals(gained, of, seed=seed) for seed in (1, 2))
    monkeypatch.setattr(metrics, "_CELLS", 50 * 7)
    np.testing.assert_allclose(intervals(gained, of, seed=1), whole)
    assert not np.allclose(whole, other)


def test_pairs_stay_together():
    """Two selectors that differ on one question of 100: their difference is sure, whatever each one's share is."""
    one = np.random.default_rng(0).integers(0, 2, 100).astype(float)
    one[0], other = 1.0, one.copy()
    other[0] = 0.0
    columns = np.stack([one, other, one - other], axis=1)
    ends = intervals(columns, np.ones_like(columns), seed=0)
    assert ends[0, 1] - ends[0, 0] > 0.15
    assert 0 <= ends[2, 0] <= ends[2, 1] <= 0.04
