"""Each selector by hand, and how they are found."""

import numpy as np
import pytest

from smacs.errors import InputError
from smacs.nodes.prior_score import prior_scores
from smacs.nodes.retrieve import support_set
from smacs.nodes.selectors import Queries, TrainingSet, find_selector, selectors
from smacs.nodes.selectors.knn_shrinkage import KnnShrinkage
from smacs.nodes.selectors.shared.selector import Floats, Vectors
from smacs.nodes.selectors.softmax_kernel import SoftmaxKernel

NAN = float("nan")
X, Y = [1.0, 0.0], [0.0, 1.0]


def training_set(
    correct: list[list[float]], matrix: list[list[float]], datasets: list[int], subjects: list[int]
) -> TrainingSet:
    return TrainingSet(
        np.array(matrix, np.float32),
        np.array(correct, np.float32),
        np.array(datasets, np.int32),
        np.array(subjects, np.int32),
    )


def codes(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(values, np.int32)


def scores(name: str, bank: TrainingSet, queries: Queries) -> Floats:
    return find_selector(name).fit(bank).scores(queries)


def vectors(*rows: list[float]) -> Vectors:
    return np.array(rows, np.float32)


# Four questions, two each in data sets 0 and 1; LLM 0 is right on data set 0, LLM 1 on data set 1 where it was asked.
BANK = training_set([[1, 0], [1, 0], [0, 1], [0, NAN]], [X, X, Y, Y], [0, 0, 1, 1], [0, 0, 1, 2])


def test_every_selector_is_found_under_its_name_and_says_where_it_comes_from() -> None:
    found = selectors()
    assert {"rps", "global_accuracy", "simple_router", "softmax_kernel", "knn_shrinkage"} <= set(found)
    assert {"cluster_ranks", "skill_profiles", "ridge"} <= set(found)
    for name, selector in found.items():
        assert selector.name == name
        assert selector.summary and "\n" not in selector.summary


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no selector 'rsp'.*\brps\b"):
        find_selector("rsp")


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match=r"same N > 0; these have the shapes \(2, 2\), \(1, 1\)"):
        training_set([[1]], [X, Y], [0, 0], [0, 0])
    with pytest.raises(InputError, match="N > 0"):
        TrainingSet(np.empty((0, 2), np.float32), np.empty((0, 1), np.float32), codes(), codes())


def test_global_accuracy_averages_the_cells_that_exist() -> None:
    # LLM 0: 2 of 4. LLM 1: 1 of the 3 that it was asked.
    result = scores("global_accuracy", BANK, Queries.live(vectors(X, Y)))
    assert result.tolist() == pytest.approx(np.array([[0.5, 1 / 3], [0.5, 1 / 3]]))


def test_simple_router_takes_the_data_set_and_for_a_live_question_that_of_the_nearest() -> None:
    routed = scores("simple_router", BANK, Queries(vectors(X, X, Y), codes(0, 1, -1), codes(-1, -1, -1)))
    assert routed == pytest.approx(np.array([[1, 0], [0, 1], [0, 1]]))


def test_skill_profiles_by_hand() -> None:
    # Strengths: 0.5^2 = 1/4 and (1/3)^2 = 1/9. Subject 0: LLM 0 has +1, LLM 1 has -1, so 1 * 1/4 and -1 / (1/9).
    # Subject 1: -1 / (1/4) and 1/9. Subject 2: -1 / (1/4), and LLM 1 was not asked: its overall 2/3 - 1 = -1/3.
    result = scores("skill_profiles", BANK, Queries(vectors(X, X, X), codes(0, 0, 0), codes(0, 1, 2)))
    assert result == pytest.approx(np.array([[0.25, -9], [-4, 1 / 9], [-4, -3]]), rel=1e-6)


def test_an_unknown_subject_is_that_of_the_nearest_question() -> None:
    live = scores("skill_profiles", BANK, Queries.live(vectors(X)))
    given = scores("skill_profiles", BANK, Queries(vectors(X), codes(0), codes(0)))
    assert live == pytest.approx(given)


def test_softmax_kernel_by_hand() -> None:
    # Similarities to X: 1, 1, 0, 0; tau 1 / ln 3 makes the weights 3, 3, 1, 1.
    # LLM 0: (3 + 3) / 8. LLM 1 was not asked the last one: 1 / 7.
    result = SoftmaxKernel(tau=float(1 / np.log(3))).fit(BANK).scores(Queries.live(vectors(X)))
    assert result == pytest.approx(np.array([[6 / 8, 1 / 7]]), rel=1e-6)


def test_knn_shrinkage_by_hand() -> None:
    # Two neighbours of X, right 2 of 2 and 0 of 2; means of data set 0, 40 global questions counted in:
    # (2 + 40 * 1/2) / 42 = 22/42 and (40 * 1/3) / 42 = 20/63; score = (2 * mean + 40 * that) / 42.
    result = KnnShrinkage(k=2).fit(BANK).scores(Queries.live(vectors(X)))
    assert result == pytest.approx(np.array([[(2 + 40 * 22 / 42) / 42, (40 * 20 / 63) / 42]]), rel=1e-6)


def test_an_llm_that_no_neighbour_knows_keeps_the_data_sets_mean() -> None:
    bank = training_set([[1, NAN], [0, NAN], [0, 1]], [X, X, Y], [0, 0, 1], [0, 0, 0])
    result = KnnShrinkage(k=2).fit(bank).scores(Queries.live(vectors(X)))
    assert result[0, 1] == pytest.approx(1.0)


def test_rps_is_the_node_to_the_last_bit() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(900, 24)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    correct = rng.integers(0, 2, (900, 5)).astype(np.float32)
    correct[rng.random((900, 5)) < 0.1] = NAN
    bank = TrainingSet(matrix[50:], correct[50:], np.zeros(850, np.int32), np.zeros(850, np.int32))
    result = scores("rps", bank, Queries.live(matrix[:50]))
    for query, row in zip(matrix[:50], result, strict=True):
        support = support_set(bank.matrix, query, n_base=400, gamma=0.95)
        assert row == pytest.approx(prior_scores(support.similarities, bank.correct[support.indices]))


def test_ridge_is_least_squares_where_the_data_leave_no_doubt() -> None:
    # V = 1/2 + x/4 - y/4 exactly: the strength chosen is the smallest, and the fit the line itself but for its pull.
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    matrix = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    correct = 0.5 + 0.25 * (matrix[:, :1] - matrix[:, 1:])
    bank = TrainingSet(matrix, correct, np.zeros(200, np.int32), np.zeros(200, np.int32))
    # Gram = 100 I, so the pull of strength 0.1 is 100 / 100.1.
    pull = 100 / 100.1
    assert scores("ridge", bank, Queries.live(vectors(X, Y)))[:, 0] == pytest.approx(
        [0.5 + 0.25 * pull, 0.5 - 0.25 * pull], abs=1e-5
    )


def test_ridge_gives_an_llm_whose_answers_are_noise_its_mean() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 50)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    correct = rng.integers(0, 2, (400, 1)).astype(np.float32)
    bank = TrainingSet(matrix, correct, np.zeros(400, np.int32), np.zeros(400, np.int32))
    result = scores("ridge", bank, Queries.live(matrix[:20]))
    assert np.abs(result - correct.mean()).max() < 0.15


def test_cluster_ranks_tells_two_topics_apart() -> None:
    rng = np.random.default_rng(1)
    centres = np.repeat(np.array([X, Y], np.float32), 40, axis=0)
    matrix = centres + 0.05 * rng.normal(size=(80, 2)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    first = (np.arange(80) < 40).astype(np.float32)
    bank = TrainingSet(matrix, np.stack([first, 1 - first], axis=1), np.zeros(80, np.int32), np.zeros(80, np.int32))
    result = scores("cluster_ranks", bank, Queries.live(vectors(X, Y)))
    assert result[0, 0] > 0.7 > 0.3 > result[0, 1]
    assert result[1, 1] > 0.7 > 0.3 > result[1, 0]
