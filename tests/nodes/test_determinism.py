"""What is equal but for rounding is a tie, wherever ties are broken."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smacs.bench.prior.metrics import ranked_pairs, ranking
from smacs.bench.report.candidates import Candidates
from smacs.nodes.baselines.majority_vote import most_frequent
from smacs.nodes.baselines.route import largest_share
from smacs.nodes.prior_drop import log_drop_distribution
from smacs.nodes.prior_score import rank
from smacs.nodes.retrieve import support_set
from smacs.nodes.select import best
from smacs.nodes.shared.determinism import all_equal, first_largest, places
from smacs.nodes.shared.run import Support
from smacs.store.index.labels import Labels

# The same sum in two orders: 0.6000000000000001 and 0.6.
MORE, LESS = (0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3)


def test_the_numbers_of_these_tests_are_the_same_sum() -> None:
    assert MORE > LESS
    assert pytest.approx(LESS) == MORE


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0, 1.0, 2.0], [0, 2, 1]),
        ([LESS, MORE, 0.7, 0.1], [1, 1, 0, 2]),
        ([-LESS, -MORE], [0, 0]),
        ([1e-300, 0.0, -1e-300], [0, 0, 0]),
        ([np.inf, 1.0, -np.inf, np.inf], [0, 1, 2, 0]),
        ([np.nan, 1.0, np.nan, 2.0], [2, 1, 2, 0]),
        ([-1e12, LESS, MORE, 0.7], [2, 1, 1, 0]),  # one outlier makes nothing else equal
        ([5.0], [0]),
        ([], []),
    ],
)
def test_places_by_hand(values: list[float], expected: list[int]) -> None:
    assert places(np.array(values)).tolist() == expected


def test_each_row_has_places_of_its_own() -> None:
    assert places(np.array([[MORE, LESS, 0.7], [1.0, 3.0, 2.0]])).tolist() == [[1, 1, 0], [2, 0, 1]]


@given(
    counts=arrays(np.int64, st.integers(1, 12), elements=st.integers(-50, 50)),
    noise=st.integers(0, 1_000),
)
def test_noise_in_the_last_bits_changes_no_place(counts: np.ndarray, noise: int) -> None:
    values = counts / 7
    shaken = values * (1 + 4e-16 * np.random.default_rng(noise).integers(-3, 4, len(values)))
    assert places(shaken).tolist() == places(values).tolist()
    wanted = {value: place for place, value in enumerate(sorted(set(counts.tolist()), reverse=True))}
    assert places(values).tolist() == [wanted[value] for value in counts.tolist()]


def test_helpers() -> None:
    assert first_largest(np.array([0.1, LESS, MORE])) == 1
    assert all_equal(np.array([LESS, MORE]))
    assert not all_equal(np.array([LESS, 0.61]))


def test_llms_with_the_same_prior_are_ranked_by_accuracy_and_pool_order() -> None:
    assert rank(np.array([LESS, MORE, MORE]), np.array([0.5, LESS, MORE])) == [1, 2, 0]


def test_equal_priors_draw_uniformly() -> None:
    assert np.exp(log_drop_distribution(np.array([LESS, MORE, LESS]))) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("scores", list(itertools.permutations([LESS, MORE, 0.5])))
def test_candidates_with_the_same_score_are_chosen_by_perplexity(scores: tuple[float, ...]) -> None:
    assert best(scores, [1.2 if score == MORE else 1.3 for score in scores]) == scores.index(MORE)
    assert best(scores, [1.2 if score == LESS else 1.3 for score in scores]) == scores.index(LESS)
    tied = [position for position, score in enumerate(scores) if score > 0.55]
    assert best(scores, [LESS + 1, MORE + 1, LESS + 1]) == tied[0]


def test_answers_with_as_many_votes_are_chosen_by_summed_prior_and_then_by_order() -> None:
    priors = [0.1, 0.2, 0.3]
    assert most_frequent(["a", "b", "a", "b"], [*priors, 0.4]) == 3  # b: 0.6, a: 0.4
    # a: 0.1 + 0.5 = 0.6 by one sum, b: (0.1 + 0.2) + 0.3; the first voter of equals is a's.
    assert most_frequent(["a", "b", "a", "b", "c", "c"], [LESS - 0.1, 0.3, 0.1, 0.3, 0.0, 0.0]) == 0


def test_data_sets_with_the_same_share_are_taken_in_the_order_of_the_bank() -> None:
    support = Support(np.arange(4), np.array([LESS, 0.1, 0.2, 0.3]), 0.0)
    assert largest_share(support, Labels.of(["first", "second", "second", "second"])) == "first"


def test_the_ranking_score_counts_equal_scores_half() -> None:
    scores, grades = np.array([[MORE, LESS]]), np.array([[0.0, 1.0]])
    assert ranked_pairs(scores, grades).gained == pytest.approx([0.5])
    assert ranking(scores, np.array([0.1, 0.2])).tolist() == [[1, 0]]


def test_the_report_chooses_among_candidates_as_the_graph_does() -> None:
    similarity, perplexity = np.array([[LESS, MORE, 0.5]]), np.array([[1.2, 1.1, 1.0]])
    made = Candidates(np.zeros((1, 3)), similarity, perplexity, similarity, np.zeros(1, np.int64))
    assert made.by_similarity().tolist() == [1]
    assert made.by_perplexity().tolist() == [2]


@given(seed=st.integers(0, 200), copies=st.integers(2, 9), dimension=st.sampled_from([3, 17, 64, 385]))
def test_copies_of_the_kth_question_are_all_in_the_support(seed: int, copies: int, dimension: int) -> None:
    """Copies of one text stand at different rows, where a BLAS may round their cosines differently."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, dimension)).astype(np.float32)
    where = rng.permutation(40)[:copies]
    query = rng.normal(size=dimension).astype(np.float32)
    rows[where] = query
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    support = support_set(rows, (query / np.linalg.norm(query)).astype(np.float32), n_base=1, gamma=1.0)
    assert set(where.tolist()) <= set(support.indices.tolist())
