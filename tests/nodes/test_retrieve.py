"""Equations 2 and 3: the support set, by hand and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smacs.nodes.retrieve import ROUNDING, summarise, support_set
from smacs.store.index.labels import Labels

AXES = np.eye(2, dtype=np.float32)


def unit(*rows: tuple[float, float]) -> np.ndarray:
    matrix = np.array(rows, dtype=np.float32)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True))


def test_support_by_hand() -> None:
    # Cosines with (1, 0): 3/5, 4/5, 1, -1 -> clamped to 0. The 2nd largest is 0.8, t = 0.75 * 0.8 = 0.6.
    matrix = unit((3, 4), (4, 3), (1, 0), (-1, 0))
    support = support_set(matrix, AXES[0], n_base=2, gamma=0.75)
    assert support.indices.tolist() == [0, 1, 2]
    assert support.similarities == pytest.approx([0.6, 0.8, 1.0], abs=1e-6)
    assert support.threshold == pytest.approx(0.6, abs=1e-6)


def test_the_kth_is_counted_from_one_and_belongs_to_the_support() -> None:
    matrix = unit((3, 4), (4, 3), (1, 0))
    assert support_set(matrix, AXES[0], n_base=1, gamma=1.0).indices.tolist() == [2]
    assert support_set(matrix, AXES[0], n_base=2, gamma=1.0).indices.tolist() == [1, 2]
    assert support_set(matrix, AXES[0], n_base=3, gamma=1.0).indices.tolist() == [0, 1, 2]


def test_support_is_not_capped_at_n_base() -> None:
    matrix = np.repeat(AXES[:1], 5, axis=0)
    assert len(support_set(matrix, AXES[0], n_base=2, gamma=0.95).indices) == 5


def test_a_bank_smaller_than_n_base_uses_its_last_question() -> None:
    matrix = unit((3, 4), (4, 3))
    support = support_set(matrix, AXES[0], n_base=400, gamma=1.0)  # k = N = 2, t = 0.6
    assert support.indices.tolist() == [0, 1]


def test_without_any_similarity_the_whole_bank_counts_equally() -> None:
    support = support_set(unit((-1, 0), (-1, -1)), AXES[0], n_base=1, gamma=0.95)
    assert support.blind
    assert support.indices.tolist() == [0, 1]
    assert support.similarities == pytest.approx([1.0, 1.0])


@given(
    similarities=arrays(np.float32, st.integers(1, 60), elements=st.integers(-999, 999).map(lambda i: i / 999)),
    n_base=st.integers(1, 80),
    gamma=st.just(0.0) | st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
def test_support_is_the_set_above_the_threshold_in_any_order(
    similarities: np.ndarray, n_base: int, gamma: float, seed: int
) -> None:
    matrix = similarities[:, None]
    order = np.random.default_rng(seed).permutation(len(similarities))
    one = np.ones(1, dtype=np.float32)
    support = support_set(matrix, one, n_base=n_base, gamma=gamma)
    clamped = np.maximum(similarities, 0).astype(np.float64)
    threshold = gamma * sorted(clamped, reverse=True)[min(n_base, len(clamped)) - 1]
    if not clamped.any():
        assert support.blind
        return
    inside = np.flatnonzero(clamped >= threshold)
    just_below = np.flatnonzero(clamped >= threshold * (1 - 2 * ROUNDING))
    if clamped[inside].any():
        assert set(inside) <= set(support.indices) <= set(just_below)
        assert support.indices.tolist() == sorted(support.indices)
    shuffled = support_set(matrix[order], one, n_base=n_base, gamma=gamma)
    assert sorted(order[shuffled.indices].tolist()) == sorted(support.indices.tolist())


def test_summary_shows_shares_and_the_nearest() -> None:
    matrix = unit((1, 0), (4, 3), (3, 4))
    support = support_set(matrix, AXES[0], n_base=3, gamma=0.5)
    summary = summarise(support, Labels.of(["math", "code", "math"]), ["a", "b", "c"].__getitem__)
    assert summary["count"] == 3
    assert summary["datasets"] == pytest.approx({"math": 0.6667, "code": 0.3333})
    assert [item["text"] for item in summary["nearest"]] == ["a", "b", "c"]
    assert summary["nearest"][1]["similarity"] == pytest.approx(0.8)
