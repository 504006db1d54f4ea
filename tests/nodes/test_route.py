"""Accuracies by data set, and which data set a question is of."""

import numpy as np
import pytest

from smacs.nodes.baselines.route import accuracies_within, largest_share
from smacs.nodes.shared.run import Support
from smacs.store.index.labels import Labels

NAN = float("nan")


def test_accuracies_leave_missing_cells_out_and_fall_back_to_the_whole_bank() -> None:
    correct = np.array([[1, 0, NAN], [0, NAN, NAN]], np.float32)
    assert accuracies_within(correct, np.array([0.9, 0.9, 0.7])) == pytest.approx([0.5, 0.0, 0.7])


def test_the_data_set_has_the_largest_summed_similarity_not_the_most_questions() -> None:
    labels = Labels.of(["law", "law", "algebra", "law"])
    support = Support(np.array([0, 1, 2]), np.array([0.2, 0.2, 0.5]), 0.0)  # law 0.4, algebra 0.5
    assert largest_share(support, labels) == "algebra"
