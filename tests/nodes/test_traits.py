"""Traits of questions by hand: shapes of texts, and topics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.selectors import Queries, TrainingSet
from smacs.nodes.selectors.shared.selector import Vectors
from smacs.nodes.selectors.shared.traits import FEATURES, Shapes, Topics, shape

SUM = "What is 2 + 30?\n(A) 32\n(B) about 10, as no sum is ever larger"
WORDS = "Who wrote it?\n(A) Anna\n(B) Bela"


def turned(degrees: list[float]) -> Vectors:
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def bank(degrees: list[float], topics: list[int]) -> TrainingSet:
    codes = np.array(topics, np.int32)
    return TrainingSet(turned(degrees), np.zeros((len(codes), 1), np.float32), np.zeros(len(codes), np.int32), codes)


def test_the_shape_of_a_question_by_hand() -> None:
    # Both options hold digits, one of them is short; stem "What is 2 + 30?": 15 characters, 3 digits, 2 numbers,
    # 1 operator, 1 capital, 5 different words of 11 characters; options of 2 and 34 characters.
    lengths = np.log([3, 35])
    expected = [1, 0.5, 2, 3 / 15, np.log(3), 0, np.log(2), lengths.mean(), lengths.std(), 1 / 15, 11 / 5, 1]
    assert shape(SUM) == pytest.approx(expected)


@given(st.text())
def test_every_text_has_a_finite_shape(text: str) -> None:
    numbers = shape(text)
    assert len(numbers) == FEATURES
    assert np.isfinite(numbers).all()


def test_shape_distances_are_mean_squares_on_the_banks_scale() -> None:
    # Two texts: every number that differs is +1 for one and -1 for the other, so 4 apart; equal ones count nothing.
    differing = sum(a != b for a, b in zip(shape(SUM), shape(WORDS), strict=True))
    shapes = Shapes.of([SUM, WORDS])
    distances = shapes.distances(shapes.standardised([SUM]))
    assert distances == pytest.approx(np.array([[0, 4 * differing / FEATURES]]), abs=1e-5)


def test_topics_are_told_apart_and_a_known_one_is_certain() -> None:
    topics = Topics.of(bank([0, 5, 10, 80, 85, 90, 170, 175, 180], [0, 0, 0, 1, 1, 1, 2, 2, 2]))
    live = topics.shares(Queries.live(turned([3, 84, 176])))
    assert live.argmax(axis=1).tolist() == [0, 1, 2]
    assert live.sum(axis=1) == pytest.approx(np.ones(3))
    told = Queries(turned([3]), np.array([-1], np.int32), np.array([2], np.int32))
    assert topics.shares(told) == pytest.approx(np.array([[0.0, 0.0, 1.0]]))


@pytest.mark.parametrize("topics", [[0, 0, 0, 0], [0, 0, 1, 1], [3, 3, 3, 7]])
def test_one_topic_or_two_are_no_special_case(topics: list[int]) -> None:
    first, last = Topics.of(bank([0, 5, 85, 90], topics)).shares(Queries.live(turned([2, 88])))
    assert [first.sum(), last.sum()] == pytest.approx([1, 1])
    assert len(first) == len(set(topics))
    assert len(first) == 1 or first[0] > last[0]
