"""The parts of the shaped kernel by hand: shapes of texts, topics, temperature; and what they change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.nodes.selectors import Known, Queries, find_selector
from smacs.nodes.selectors.affinity import Affinity, softmax, temperature
from smacs.nodes.selectors.selector import Vectors
from smacs.nodes.selectors.shape import FEATURES, Shapes, shape
from smacs.nodes.selectors.topics import Topics

SUM = "What is 2 + 30?\n(A) 32\n(B) about 10, as no sum is ever larger"
WORDS = "Who wrote it?\n(A) Anna\n(B) Bela"


def turned(degrees: list[float]) -> Vectors:
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def bank(
    degrees: list[float], topics: list[int], texts: list[str] | None = None, right: list[float] | None = None
) -> Known:
    codes = np.array(topics, np.int32)
    correct = np.array(right or [0.0] * len(codes), np.float32)[:, None]
    return Known(turned(degrees), correct, np.zeros(len(codes), np.int32), codes, texts or ())


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


def test_the_temperature_gives_the_wanted_number_of_neighbours_whatever_the_scale_of_the_cosines() -> None:
    rng = np.random.default_rng(0)  # 6.2 sqrt(900) = 186, less than a quarter of 900
    for blur in (0.3, 3.0):  # cosines near 1, and all over
        rows = (np.eye(16)[0] + blur * rng.normal(size=(900, 16)) / 4).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        known = Known(rows, np.zeros((900, 1), np.float32), np.zeros(900, np.int32), np.zeros(900, np.int32))
        affinity = Affinity.of(known)
        exponents = affinity.likeness(Queries.live(rows)).exponents(shape=1.0, topic=1.0)
        np.fill_diagonal(exponents, -np.inf)
        weights = softmax(exponents, temperature(affinity.sample().exponents(shape=1.0, topic=1.0), span=6.2))
        number = np.median(weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1))
        assert number == pytest.approx(186, rel=0.05)


def test_among_questions_of_one_meaning_the_texts_decide() -> None:
    # The LLM does sums and knows nobody; every embedding is the same.
    known = bank([0] * 40, [0] * 40, [SUM, WORDS] * 20, [1.0, 0.0] * 20)
    fitted = find_selector("shaped_kernel").fit(known)
    sums, words = fitted.scores(Queries.live(turned([0, 0]), [SUM, WORDS]))[:, 0]
    assert sums > 0.6 > 0.4 > words
    unread = fitted.scores(Queries.live(turned([0])))
    assert unread[0, 0] == pytest.approx(0.5)


def test_texts_that_are_not_one_for_each_question_are_refused() -> None:
    with pytest.raises(InputError, match="a bank of 2 questions has as many texts or none, not 1"):
        bank([0, 90], [0, 0], [SUM])
