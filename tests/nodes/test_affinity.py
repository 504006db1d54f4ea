"""Affinity: its temperature, and what texts change."""

import numpy as np
import pytest

from smacs.errors import InputError
from smacs.nodes.selectors import Queries, TrainingSet, find_selector
from smacs.nodes.selectors.shared.affinity import Affinity, softmax, temperature
from smacs.nodes.selectors.shared.selector import Vectors

SUM = "What is 2 + 30?\n(A) 32\n(B) about 10, as no sum is ever larger"
WORDS = "Who wrote it?\n(A) Anna\n(B) Bela"


def turned(degrees: list[float]) -> Vectors:
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def bank(
    degrees: list[float], topics: list[int], texts: list[str] | None = None, right: list[float] | None = None
) -> TrainingSet:
    codes = np.array(topics, np.int32)
    correct = np.array(right or [0.0] * len(codes), np.float32)[:, None]
    return TrainingSet(turned(degrees), correct, np.zeros(len(codes), np.int32), codes, texts or ())


def test_the_temperature_gives_the_wanted_number_of_neighbours_whatever_the_scale_of_the_cosines() -> None:
    rng = np.random.default_rng(0)  # 6.2 sqrt(900) = 186, less than a quarter of 900
    for blur in (0.3, 3.0):  # cosines near 1, and all over
        rows = (np.eye(16)[0] + blur * rng.normal(size=(900, 16)) / 4).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        training = TrainingSet(rows, np.zeros((900, 1), np.float32), np.zeros(900, np.int32), np.zeros(900, np.int32))
        affinity = Affinity.of(training)
        exponents = affinity.likeness(Queries.live(rows)).exponents(shape=1.0, topic=1.0)
        np.fill_diagonal(exponents, -np.inf)
        weights = softmax(exponents, temperature(affinity.sample().exponents(shape=1.0, topic=1.0), span=6.2))
        number = np.median(weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1))
        assert number == pytest.approx(186, rel=0.05)


def test_among_questions_of_one_meaning_the_texts_decide() -> None:
    # The LLM does sums and knows nobody; every embedding is the same.
    training = bank([0] * 40, [0] * 40, [SUM, WORDS] * 20, [1.0, 0.0] * 20)
    fitted = find_selector("shaped_kernel").fit(training)
    sums, words = fitted.scores(Queries.live(turned([0, 0]), [SUM, WORDS]))[:, 0]
    assert sums > 0.6 > 0.4 > words
    unread = fitted.scores(Queries.live(turned([0])))
    assert unread[0, 0] == pytest.approx(0.5)


def test_texts_that_are_not_one_for_each_question_are_refused() -> None:
    with pytest.raises(InputError, match="a bank of 2 questions has as many texts or none, not 1"):
        bank([0, 90], [0, 0], [SUM])
