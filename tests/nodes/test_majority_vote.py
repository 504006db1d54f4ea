"""The most frequent answer, and who wins ties."""

from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.baselines.majority_vote import most_frequent


def test_the_best_voter_of_the_most_frequent_answer_wins() -> None:
    assert most_frequent(["A", "B", None, "B"], [0.9, 0.2, 0.8, 0.5]) == 3


def test_ties_go_to_the_higher_summed_prior() -> None:
    # A: 0.9 + 0.1 = 1.0.  B: 0.6 + 0.5 = 1.1.
    assert most_frequent(["A", "B", "B", "A"], [0.9, 0.6, 0.5, 0.1]) == 1


def test_of_equal_priors_the_first_voter_wins() -> None:
    assert most_frequent(["A", "B", "B", "A"], [0.5] * 4) == 0


def test_without_any_answer_nobody_wins() -> None:
    assert most_frequent([None, None], [0.5, 0.4]) == -1


@given(st.lists(st.sampled_from(["A", "B", "C", None]), min_size=1, max_size=16))
def test_no_answer_has_more_votes_than_the_winner(answers: list[str | None]) -> None:
    winner = most_frequent(answers, [0.5] * len(answers))
    counts = {answer: answers.count(answer) for answer in answers if answer is not None}
    assert (winner < 0) == (not counts)
    if counts:
        assert answers.count(answers[winner]) == max(counts.values())
