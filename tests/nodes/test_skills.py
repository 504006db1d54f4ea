"""Profiles and strengths of Symbolic-MoE, by hand."""

import numpy as np
import pytest

from smacs.nodes.baselines.skills import Skills, strengths_of, suitabilities

NAN = float("nan")


def test_profiles_count_right_and_wrong_answers_of_each_skill() -> None:
    # Questions 0 and 1 ask for skill 0, question 1 for skill 1 as well.
    # LLM 0: skill 0: +1 - 1 = 0, skill 1: -1; LLM 1: +1 + 1 = 2, +1; LLM 2 knows question 0 alone: 2 * (+1) = 2, and of
    # skill 1 nothing, so its overall mean of 1: +1.
    correct = np.array([[1, 1, 1], [0, 1, NAN]], np.float32)
    skills = Skills.of(np.array([0, 1, 1]), np.array([0, 0, 1]), correct, 2)
    assert skills.profiles == pytest.approx(np.array([[0.0, 2, 2], [-1, 1, 1]]))
    # Sums -1, 3, 3: shifted to 1, 5, 5, squared 1, 25, 25.
    assert skills.strengths.tolist() == pytest.approx([1 / 51, 25 / 51, 25 / 51])
    assert skills.suitability(np.array([0, 1])).tolist() == pytest.approx([0, 3 * 25 / 51, 3 * 25 / 51])
    assert skills.shares.tolist() == pytest.approx([0, 0.5, 0.5])


def test_positive_strengths_are_not_shifted() -> None:
    assert strengths_of(np.array([1.0, 3.0])).tolist() == pytest.approx([0.1, 0.9])
    assert strengths_of(np.zeros(2)) == pytest.approx([0.5, 0.5])


def test_where_nobody_is_suitable_the_least_bad_are() -> None:
    # -4, -1, 0 become 1, 4, 5.
    sums = np.array([[-4.0, -1.0, 0.0], [-4.0, 1.0, 0.0]])
    assert suitabilities(sums, np.ones(3)) == pytest.approx(np.array([[1.0, 4, 5], [0, 1, 0]]))
