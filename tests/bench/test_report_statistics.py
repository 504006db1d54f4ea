"""The statistics of a report, worked out by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.bench.report.statistics import Gaps, Resampled, accuracy, holm, mcnemar, permutation, share

NAN = float("nan")


def known(value) -> Any:
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("ahead", "behind", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (5, 0, 2 / 32),  # both tails of five heads in a row
        (1, 6, 2 * (1 + 7) / 128),  # at most one of seven
        (2, 8, 2 * (1 + 10 + 45) / 1024),
    ],
)
def test_mcnemar_by_hand(ahead, behind, p):
    assert mcnemar(ahead, behind) == pytest.approx(p, rel=1e-12)
    assert mcnemar(behind, ahead) == pytest.approx(mcnemar(ahead, behind))


def test_wilson_by_hand():
    # 8 of 10, z = 1.96: centre (0.8 + 1.9208 / 10) / 1.38416, half 1.96 sqrt(0.016 + 0.009604) / 1.38416
    found = known(share(8, 10))
    assert (found.value, found.low, found.high) == pytest.approx((80.0, 49.0, 94.3), abs=0.06)


def test_a_cell_counts_what_was_answered():
    found = accuracy(np.array([1.0, 0.0, NAN, 1.0]))
    assert (found.questions, found.of) == (3, 4)
    assert known(found.accuracy).value == pytest.approx(200 / 3)
    assert accuracy(np.array([NAN, NAN])).accuracy is None


def test_holm_by_hand():
    # sorted 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.5 x 1; never less than the one before
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_the_mean_gives_every_benchmark_the_same_weight():
    values = np.array([[1.0], [1.0], [1.0], [1.0], [0.0], [NAN]])
    drawn = Resampled.of(values, np.array([0, 0, 0, 0, 1, 1]), seed=0)
    assert known(drawn.mean(0)).value == pytest.approx(50.0)  # of 100 % and 0 %
    assert known(drawn.pooled(0)).value == pytest.approx(80.0)  # of five answers
    assert known(drawn.within(0, 0)).low == pytest.approx(100.0)


def test_a_system_that_answered_nothing_has_no_mean():
    drawn = Resampled.of(np.array([[1.0, NAN], [0.0, NAN]]), np.array([0, 0]), seed=0)
    assert drawn.mean(1) is None
    assert drawn.within(0, 1) is None


def test_bootstrap_interval_of_a_share():
    """400 questions, half right: 50 % with a standard error of 2.5 points."""
    values = np.array([[0.0], [1.0]] * 200)
    found = known(Resampled.of(values, np.zeros(400, np.int64), seed=3).mean(0))
    assert found.low == pytest.approx(50 - 1.96 * 2.5, abs=0.8)
    assert found.high == pytest.approx(50 + 1.96 * 2.5, abs=0.8)


def test_permutation_of_one_benchmark_is_the_sign_test():
    """Five questions ahead, none behind: of 32 sign patterns two are as extreme, as in McNemar's test."""
    gaps = np.array([[1.0]] * 5 + [[0.0]] * 7)
    (p,) = permutation(gaps, np.zeros(12, np.int64), seed=1)
    assert p == pytest.approx(2 / 32, abs=0.01)


def test_permutation_weighs_benchmarks_alike():
    """One question alone in its benchmark, against it two of four: means 1 and -1/2, sum 1/2.

    Of the eight sign patterns of (1, 1/4, 1/4) the sum is at least 1/2 in size in all.
    """
    gaps = np.array([[1.0], [-1.0], [-1.0], [0.0], [0.0]])
    (p,) = permutation(gaps, np.array([0, 1, 1, 1, 1]), seed=1)
    assert p == pytest.approx(1.0)


@settings(max_examples=10)
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=20))
def test_the_sign_of_a_comparison_changes_no_p(gaps):
    values = np.array(gaps)[:, None]
    strata = np.zeros(len(gaps), np.int64)
    assert permutation(values, strata, 0)[0] == pytest.approx(permutation(-values, strata, 0)[0])


def test_only_questions_that_both_answered_are_compared():
    one = np.array([1.0, 1.0, 0.0, NAN, 1.0])
    other = np.array([0.0, 1.0, 1.0, 0.0, NAN])
    found = known(Gaps.between([(one, other)], np.zeros(5, np.int64), seed=0).pooled(0))
    assert (found.questions, found.ahead, found.behind, found.value) == (3, 1, 1, pytest.approx(0.0))
    assert found.p == pytest.approx(1.0)


def test_nothing_in_common_is_no_difference():
    gaps = Gaps.between([(np.array([1.0, NAN]), np.array([NAN, 0.0]))], np.zeros(2, np.int64), seed=0)
    assert gaps.mean(0) is None
