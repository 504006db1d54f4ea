"""The token estimate errs on the high side."""

from hypothesis import given
from hypothesis import strategies as st

from smacs.pool.calls.window import estimate_prompt, estimate_tokens


def test_estimates_by_hand() -> None:
    # elephant = 8 letters = 2 tokens, "a" 1, each digit 1, "." 1, a newline 1.
    assert estimate_tokens("elephant") == 2
    assert estimate_tokens("a 123.\n") == 6
    assert estimate_tokens("日本語") == 3
    assert estimate_prompt([{"role": "user", "content": "elephant"}]) == 10


@given(st.text(max_size=200), st.text(max_size=200))
def test_longer_texts_have_at_least_as_many_tokens(left: str, right: str) -> None:
    assert estimate_tokens(left + right) <= estimate_tokens(left) + estimate_tokens(right)
    assert estimate_tokens(left + "\n" + right) >= max(estimate_tokens(left), estimate_tokens(right))
