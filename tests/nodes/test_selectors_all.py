"""What holds for every selector, also for one that is added later: they are found by listing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.nodes.selectors import Queries, TrainingSet, selectors
from smacs.nodes.selectors.shared.selector import Floats, Vectors, scores_of_each
from smacs.nodes.shared.tuning import points

NAMES = list(selectors())
BLIND = {"chance"}  # does not look at V
ORDERED = {"cluster_ranks"}  # k-means starts from a drawn order
EVERY = pytest.mark.parametrize("name", NAMES)


def made(seed: int, rows: int = 120, llms: int = 4, gaps: float = 0.2) -> TrainingSet:
    """A bank with clustered embeddings, two data sets, three subjects and missing cells."""
    rng = np.random.default_rng(seed)
    subjects = rng.integers(0, 3, rows).astype(np.int32)
    correct = (rng.random((rows, llms)) < 0.3 + 0.2 * subjects[:, None]).astype(np.float32)
    correct[rng.random((rows, llms)) < gaps] = np.nan
    return TrainingSet(unit(rng, subjects), correct, (subjects // 2).astype(np.int32), subjects)


def unit(rng: np.random.Generator, subjects: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Vectors:
    rows = (np.eye(8)[subjects] + 0.4 * rng.normal(size=(len(subjects), 8))).astype(np.float32)
    result: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return result


def asked(seed: int, count: int = 7) -> Queries:
    """Questions of known and unknown subject, one of them of a data set that no bank has."""
    rng = np.random.default_rng(seed + 1)
    subjects = rng.integers(-1, 3, count).astype(np.int32)
    datasets = np.where(subjects < 0, -1, subjects // 2).astype(np.int32)
    datasets[0] = 99
    return Queries(unit(rng, np.maximum(subjects, 0)), datasets, subjects)


def texts(seed: int, count: int) -> list[str]:
    """Questions with and without figures and options."""
    kinds = ("Who was it?", "What is 31 + 2?", "Which?\n(A) 1\n(B) all of them")
    return [kinds[kind] for kind in np.random.default_rng(seed).integers(0, 3, count)]


@cache
def scored(name: str, seed: int, point: int = 0) -> Floats:
    return points(selectors()[name])[point].fit(made(seed)).scores(asked(seed))


@EVERY
@settings(max_examples=15)
@given(
    seed=st.integers(0, 40),
    added=st.lists(st.sampled_from(["right", "wrong", "noise", "missing"]), max_size=4),
    setting=st.integers(0, 1_000),
)
def test_adding_llms_changes_no_score_of_the_others(name: str, seed: int, added: list[str], setting: int) -> None:
    """Whatever the settings are, once they are given."""
    several = points(selectors()[name])
    point = setting % len(several)
    bank = made(seed)
    rows = len(bank.matrix)
    noise = np.random.default_rng(seed).integers(0, 2, rows)
    kinds = {"right": np.ones(rows), "wrong": np.zeros(rows), "noise": noise, "missing": np.full(rows, np.nan)}
    new = np.array([kinds[kind] for kind in added], np.float32).reshape(len(added), rows).T
    wider = TrainingSet(bank.matrix, np.hstack([bank.correct, new]), bank.datasets, bank.subjects)
    after = several[point].fit(wider).scores(asked(seed))
    assert after.shape == (7, 4 + len(added))
    np.testing.assert_allclose(after[:, :4], scored(name, seed, point), rtol=1e-6, atol=1e-9)


@EVERY
def test_several_settings_at_once_score_like_one_after_the_other(name: str) -> None:
    bank, queries = replace(made(7), texts=texts(7, 120)), replace(asked(7), texts=texts(8, 7))
    several = points(selectors()[name])
    found = scores_of_each(several, bank, queries)
    assert len(found) == len(several)
    for each, scores in zip(several, found, strict=True):
        np.testing.assert_allclose(scores, each.fit(bank).scores(queries), rtol=1e-6, atol=1e-9)


@EVERY
@settings(max_examples=10)
@given(seed=st.integers(0, 40))
def test_one_question_at_a_time_scores_like_all_at_once(name: str, seed: int) -> None:
    fitted, queries = selectors()[name].fit(made(seed)), asked(seed)
    alone = [
        fitted.scores(Queries(queries.vectors[i : i + 1], queries.datasets[i : i + 1], queries.subjects[i : i + 1]))
        for i in range(7)
    ]
    np.testing.assert_allclose(np.vstack(alone), scored(name, seed), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ORDERED])
@settings(max_examples=10)
@given(seed=st.integers(0, 40))
def test_the_order_of_the_bank_does_not_matter(name: str, seed: int) -> None:
    bank = made(seed)
    order = np.random.default_rng(seed).permutation(len(bank.matrix))
    mixed = TrainingSet(bank.matrix[order], bank.correct[order], bank.datasets[order], bank.subjects[order])
    after = selectors()[name].fit(mixed).scores(asked(seed))
    np.testing.assert_allclose(after, scored(name, seed), rtol=1e-4, atol=1e-6)


@EVERY
def test_scores_are_finite_float64_for_tiny_banks_unknown_llms_and_no_question(name: str) -> None:
    for rows in (1, 2, 5):
        bank = made(3, rows=rows, gaps=0.5)
        bank.correct[:, 1] = np.nan
        result = selectors()[name].fit(bank).scores(asked(3))
        assert result.dtype == np.float64
        assert result.shape == (7, 4)
        assert np.isfinite(result).all()
    nothing = Queries.live(np.empty((0, 8), np.float32))
    assert selectors()[name].fit(made(3)).scores(nothing).shape == (0, 4)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in BLIND])
def test_an_llm_right_everywhere_leads_one_that_is_wrong_everywhere(name: str) -> None:
    bank = made(2, gaps=0.0)
    bank.correct[:, 0], bank.correct[:, 3] = 1, 0
    result = selectors()[name].fit(bank).scores(asked(2))
    assert (result[:, 0] > result[:, 3]).all()


@EVERY
def test_fitting_leaves_the_bank_as_it_is(name: str) -> None:
    bank, copy = made(1), made(1)
    selectors()[name].fit(bank).scores(asked(1))
    for mine, other in ((bank.matrix, copy.matrix), (bank.correct, copy.correct), (bank.subjects, copy.subjects)):
        np.testing.assert_array_equal(mine, other)
