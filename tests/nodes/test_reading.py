"""Reading: cutting texts to an LLM's window."""

from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.shared.reading import cut, token_limits
from smacs.pool.calls.tokens import estimate_tokens


def test_references_that_fit_stay_whole() -> None:
    assert token_limits([100, 50, 10], keep=2, room=150) == [100, 50, 10]


def test_the_longest_is_cut_first() -> None:
    # Any two of 100, 50, 10 must fit in 90: the two longest, cut to 45 each.
    assert token_limits([100, 50, 10], keep=2, room=90) == [45, 45, 10]
    # In 130 only the longest is cut, to 130 - 50 = 80.
    assert token_limits([100, 50, 10], keep=2, room=130) == [80, 50, 10]


def test_of_equally_long_ones_the_lower_prior_is_cut_first() -> None:
    # 3 x 40 into 100: a level of 33 leaves one token, which the highest prior keeps.
    assert token_limits([40, 40, 40], keep=3, room=100) == [34, 33, 33]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=9), st.integers(1, 9), st.integers(0, 2000))
def test_any_subset_fits_and_nothing_is_cut_without_need(lengths: list[int], keep: int, room: int) -> None:
    keep = min(keep, len(lengths))
    limits = token_limits(lengths, keep, room)
    assert sum(sorted(limits, reverse=True)[:keep]) <= room
    assert all(limit <= length for limit, length in zip(limits, lengths, strict=True))
    if sum(sorted(lengths, reverse=True)[:keep]) <= room:
        assert limits == lengths


def test_a_cut_keeps_both_ends() -> None:
    text = "Start. " + "word " * 2000 + "The answer is 7."
    shorter = cut(text, estimate_tokens(text), 100)
    assert shorter.startswith("Start. ")
    assert shorter.endswith("The answer is 7.")
    assert "characters cut" in shorter
    assert estimate_tokens(shorter) <= 115
