"""Equation 7: mutual similarity and perplexity."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.hybrid_score import hybrid_scores, mutual_similarity


def test_similarity_by_hand() -> None:
    # Rows at 0, 90 and 45 degrees. First: (1 + 0 + 0.70711) / 3 = 0.56904;
    # third: (0.70711 + 0.70711 + 1) / 3 = 0.80474.
    root = math.sqrt(0.5)
    rows = np.array([[1, 0], [0, 1], [root, root]])
    assert mutual_similarity(rows).tolist() == pytest.approx([0.56904, 0.56904, 0.80474], abs=1e-5)


def test_scores_by_hand() -> None:
    # Mean log-probabilities -0.1 and -0.7: PPL = 1.10517 and 2.01375; 1 - PPL = -0.10517 and -1.01375.
    similarity, logprobs = np.array([0.8, 0.9]), np.array([-0.1, -0.7])
    assert hybrid_scores(similarity, logprobs, lam=1.0).tolist() == pytest.approx([0.69483, -0.11375], abs=1e-5)
    assert hybrid_scores(similarity, logprobs, lam=0.5).tolist() == pytest.approx([0.74741, 0.39312], abs=1e-5)


def test_bounded_variant_by_hand() -> None:
    # exp(-0.1) = 0.90484, exp(-0.7) = 0.49659.
    scores = hybrid_scores(np.array([0.8, 0.9]), np.array([-0.1, -0.7]), lam=1.0, perplexity="bounded")
    assert scores.tolist() == pytest.approx([1.70484, 1.39659], abs=1e-5)


def test_without_logprobs_only_similarity_counts() -> None:
    assert hybrid_scores(np.array([0.2, 0.4]), None, lam=1.0) == pytest.approx([0.2, 0.4])


@given(st.integers(0, 10_000), st.integers(1, 10))
def test_scores_do_not_depend_on_arrival_order(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    logprobs = -rng.random(n)
    order = rng.permutation(n)
    scores = hybrid_scores(mutual_similarity(rows), logprobs, lam=1.0)
    shuffled = hybrid_scores(mutual_similarity(rows[order]), logprobs[order], lam=1.0)
    assert shuffled.tolist() == pytest.approx(scores[order].tolist())
