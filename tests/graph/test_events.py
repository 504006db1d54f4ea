"""Progress events in words."""

from typing import Any

import pytest

from smacs.graph.events import words

SUPPORT = {"count": 44, "threshold": 0.312, "datasets": {"algebra": 0.75, "law": 0.25}}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            {"event": "retrieved", "support": SUPPORT},
            ("retrieved", "44 similar bank questions above 0.31: algebra 75%, law 25%"),
        ),
        ({"event": "priors", "priors": {"a": 1.234, "b": 0.0}}, ("prior", "a 1.23, b 0.00")),
        (
            {"event": "referencer", "llm": "a", "error": None, "tokens": 86, "seconds": 2.06},
            ("reference", "a: 86 tokens in 2.1 s"),
        ),
        ({"event": "referencer", "llm": "a", "error": "late: a at http://..."}, ("reference", "a failed: late")),
        ({"event": "subsets", "subsets": [["a"], ["b"], ["a"]]}, ("drop", "3 subsets drawn, 2 different")),
        ({"event": "candidate", "index": 0, "text": "x"}, ("candidate", "1 is written")),
        (
            {"event": "selected", "candidate": 2, "llm": "a", "finish": "stop"},
            ("selected", "candidate 3, written by a"),
        ),
        (
            {"event": "selected", "candidate": None, "llm": "a", "finish": "length"},
            ("selected", "a reference, written by a, cut at max_tokens"),
        ),
        ({"event": "recruited"}, ("recruited", "")),
    ],
)
def test_an_event_is_a_label_and_a_short_line(event: dict[str, Any], said: tuple[str, str]) -> None:
    assert words(event) == said
