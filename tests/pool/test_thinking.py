"""Thinking is split off in every form that endpoints send it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.pool.thinking import split_thinking


@pytest.mark.parametrize(
    ("content", "field", "answer", "thinking"),
    [
        ("Plain.", "", "Plain.", ""),
        ("<think>Hm.</think>\n\nFour.", "", "Four.", "Hm."),
        ("Hm, two and two.</think>Four.", "", "Four.", "Hm, two and two."),
        ("<think>Never ends", "", "", "Never ends"),
        ("Four.", "Hm.", "Four.", "Hm."),
        ("<think>a</think>One <think>b</think>two", "", "One two", "a\nb"),
        ("<thinking>Hm.</thinking>Four.", "", "Four.", "Hm."),
        ("<thought>\nHm.</thought>Four.", "", "Four.", "Hm."),
        ("hm</think>Four. <think>more", "", "Four.", "hm\nmore"),
        ("", "only thinking", "", "only thinking"),
    ],
)
def test_forms_of_thinking(content: str, field: str, answer: str, thinking: str) -> None:
    assert split_thinking(content, field) == (answer, thinking)


def test_a_style_without_tags_leaves_the_content_alone() -> None:
    text = "In HTML, <think> is no tag."
    assert split_thinking(text, style="none") == (text, "")
    assert split_thinking(text, "Hm.", style="field") == (text, "Hm.")


@pytest.mark.parametrize(
    ("content", "answer", "thinking"),
    [
        ("## Thinking\n\nHm.\n\n## Final Response\n\nFour.", "Four.", "Hm."),
        ("## Thinking\n\nNever ends", "", "Never ends"),
        ("Four, as\n## Final Response\nsays.", "Four, as\n## Final Response\nsays.", ""),
        ("## Thinking\nHm.\n## Final Response\nFour.\n## Final Response\n", "Four.\n## Final Response", "Hm."),
    ],
)
def test_headings(content: str, answer: str, thinking: str) -> None:
    assert split_thinking(content, style="headings") == (answer, thinking)
    assert split_thinking(content, style="auto") == (content.strip(), "")


@given(st.text(alphabet="ab \n", max_size=40), st.text(alphabet="xy \n", max_size=40))
def test_the_answer_never_holds_thinking(thinking: str, answer: str) -> None:
    assert split_thinking(f"<think>{thinking}</think>{answer}") == (answer.strip(), thinking.strip())
    assert split_thinking(f"{thinking}</think>{answer}") == (answer.strip(), thinking.strip())
