"""Recruit: the odds of a draw, by hand."""

import numpy as np
import pytest

from smacs.nodes.baselines.recruit import chances


def test_a_rare_experts_draws_go_to_the_others_by_their_shares() -> None:
    # Drawn 0.5, 0.3, 0.2; the last has 4 % of all draws, the others 72 and 24: 0.2 is shared out 3 : 1.
    odds = chances(np.array([5.0, 3.0, 2.0]), np.array([0.72, 0.24, 0.04]))
    assert odds.tolist() == pytest.approx([0.65, 0.35, 0])


def test_where_all_are_rare_all_are_drawn() -> None:
    assert chances(np.ones(25), np.full(25, 0.04)).tolist() == pytest.approx([0.04] * 25)
