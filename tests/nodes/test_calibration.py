"""Calibration: log-odds of one LLM, and those held out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.nodes.vote.calibration import calibrate


def test_calibration_of_a_prior_without_information_is_the_mean() -> None:
    fit = calibrate(np.full((400, 1), 0.5), np.array([1.0] * 300 + [0.0] * 100))
    assert fit.log_odds(np.array([[0.5], [0.9]])).tolist() == pytest.approx([math.log(3)] * 2, abs=0.01)


@settings(max_examples=5)
@given(st.integers(0, 1_000))
def test_held_out_log_odds_are_those_of_a_fit_without_the_question(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(150, 2))
    y = (rng.random(150) < 1 / (1 + np.exp(-x[:, 0]))).astype(np.float64)
    whole = calibrate(x, y)
    for i in range(5):
        masked = y.copy()
        masked[i] = np.nan
        alone = calibrate(x, masked).log_odds(x[[i]])[0]
        assert whole.held_out[i] == pytest.approx(alone, abs=0.15, rel=0.1)  # a formula, not a fit
