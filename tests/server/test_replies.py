"""Where an answer ends, and what it says about that."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.server.replies import ending

STOPS = st.lists(st.text("ab", min_size=1, max_size=3), max_size=4)


@given(st.text("abc", max_size=12), STOPS)
def test_a_cut_text_is_the_longest_beginning_that_no_stop_string_is_in(text: str, stops: list[str]) -> None:
    kept, finish = ending(result(text, "length"), stops)
    assert text.startswith(kept)
    assert finish == ("length" if not any(stop in text for stop in stops) else "stop")
    assert not any(stop in kept for stop in stops)
    assert kept == text or any(text[len(kept) :].startswith(stop) for stop in stops)


@pytest.mark.parametrize(("said", "finish"), [("length", "length"), ("stop", "stop"), ("", "stop"), ("eos", "stop")])
def test_a_whole_answer_ends_as_its_llm_did_in_openais_words(said: str, finish: str) -> None:
    assert ending(result("Eight.", said), ()) == ("Eight.", finish)


def result(answer: str, finish: str) -> dict[str, Any]:
    return {"answer": answer, "selected": {"candidate": 0, "llm": "a", "finish": finish}}
