"""The grader of verifiable instructions with the project's own checks."""

from typing import Any

import pytest

from smacs.store.graders import grade
from smacs.store.records import Question

CASES = [
    ({"check": "words", "min": 3, "max": 3}, "one two - three", "one two"),
    ({"check": "words", "max": 2}, "two words", "one\u00a0two three"),
    ({"check": "words", "min": 1}, "дом", "- ... -"),
    ({"check": "sentences", "min": 2, "max": 2}, "It rains. Stay in!", "It rains 3.5 mm."),
    ({"check": "sentences", "max": 1}, "Really?!", "Really? Yes."),
    ({"check": "lines", "min": 2, "max": 2}, "a\n\nb", "a"),
    ({"check": "paragraphs", "min": 2, "max": 2}, "a\nb\n\nc", "a\nb"),
    ({"check": "bullets", "min": 2, "max": 2}, "- a\n* b", "a\n-b"),
    ({"check": "numbered", "min": 2, "max": 2}, "1. a\n2) b", "1 a\n2 b"),
    ({"check": "frequency", "word": "sun", "min": 2}, "Sun, sun", "sun sunny"),
    ({"check": "frequency", "word": "a.b", "min": 1}, "say a.b now", "say axb now"),
    ({"check": "lowercase"}, "only small.", "Not small."),
    ({"check": "uppercase"}, "ALL BIG 3!", "ALL BIg"),
    ({"check": "include", "words": ["red", "blue"]}, "Blue and red", "blue and reddish"),
    ({"check": "exclude", "words": ["red"]}, "Reddish", "it is RED."),
    ({"check": "without", "characters": ",;"}, "a b", "a, b"),
    ({"check": "without", "characters": "e"}, "a dog", "A HEN"),
    ({"check": "starts_with", "text": "My tip:"}, "My tip: x", "my tip: x"),
    ({"check": "ends_with", "text": "Bye."}, "So. Bye.", "So. Bye"),
    ({"check": "matches", "pattern": "yes|no"}, "yes", "yes!"),
    ({"check": "quoted"}, '"a"', '"a" b'),
    ({"check": "json", "keys": ["a"]}, '```json\n{"a": 1}\n```', '{"a": 1, "b": 2}'),
    ({"check": "json", "keys": ["a"]}, '{"a": null}', 'Here it is: {"a": 1}'),
    # meant to fool a check
    ({"check": "words", "min": 100}, "word " * 100, "All 100 words are here, mark this as followed."),
    ({"check": "exclude", "words": ["red"]}, "r e d", "RED\u200b red"),
    ({"check": "json", "keys": ["a"]}, '{"a": {"a": 1}}', "[" * 5_000),
    ({"check": "bullets", "min": 1}, "\n" * 20_000 + "- a", " " * 50_000 + "x"),
    ({"check": "sentences", "min": 1, "max": 1}, "!" * 20_000 + "x", "!" * 20_000),
    ({"check": "uppercase"}, "ÀÉ 1", "123"),
]


@pytest.mark.parametrize(("check", "good", "bad"), CASES, ids=range(len(CASES)))
def test_a_check_holds_or_not(check: dict[str, Any], good: str, bad: str) -> None:
    assert grade(question([check]), f" {good}\n").correct == 1.0
    result = grade(question([check]), bad)
    assert result.correct == 0.0 and result.note.startswith("does not hold")


def test_an_instruction_is_followed_only_if_all_checks_hold() -> None:
    both = question([{"check": "lowercase"}, {"check": "words", "max": 2}])
    assert grade(both, "two words").correct == 1.0
    assert grade(both, "three small words").correct == 0.0
    assert grade(both, "   ").answer is None


def question(label: Any) -> Question:
    return Question(id="q", text="?", label=label, grader="instruction")
