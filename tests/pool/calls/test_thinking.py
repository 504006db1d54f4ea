"""Thinking is split off in every form that endpoints send it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import PoolError
from smacs.pool.calls.thinking import Pairs, split_thinking
from smacs.pool.config import LLMSpec
from smacs.pool.pool import Pool


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


HARMONY = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Four."


@pytest.mark.parametrize(
    ("content", "answer", "thinking"),
    [
        (HARMONY, "Four.", "Hm."),
        (HARMONY + "<|return|>", "Four.", "Hm."),
        ("<|start|>assistant" + HARMONY, "Four.", "Hm."),
        ("Hm.<|end|><|start|>assistant<|channel|>final<|message|>Four.", "Four.", "Hm."),
        ("<|channel|>analysis<|message|>Hm.<|end|>Four.", "Four.", "Hm."),
        ("<|channel|>analysis<|message|>Hm", "", "Hm"),
        ("<|channel|>commentary<|message|>I look it up.", "", "I look it up."),
        ("<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>", "", "{}"),
        ("<|channel|>final <|constrain|>json<|message|>{}<|return|>", "{}", ""),
        ("<|message|>Four.", "Four.", ""),
        ("analysisHm. No: 4.assistantfinalFour.", "Four.", "Hm. No: 4."),
        ("analysisWe need to", "", "We need to"),
        ("analysis of the text", "analysis of the text", ""),
        ("analysisResult = 5", "analysisResult = 5", ""),
    ],
)
def test_harmony(content: str, answer: str, thinking: str) -> None:
    assert split_thinking(content) == (answer, thinking)
    assert split_thinking(content, style="harmony") == (answer, thinking)


@pytest.mark.parametrize(
    "content",
    [
        "[THINK]Hm.[/THINK]Four.",
        "Hm.[/THINK]Four.",
        "<seed:think>Hm.</seed:think>Four.",
        "<reasoning>Hm.</reasoning>Four.",
        "<reflection>Hm.</reflection>Four.",
        "<thoughts>Hm.</thoughts>Four.",
        "<antThinking>Hm.</antThinking>Four.",
        "<SCRATCHPAD>Hm.</SCRATCHPAD>Four.",
        "<THINK>Hm.</think>Four.",
        '<think id="1">Hm.</think >Four.',
        "<|channel>thought\nHm.<channel|>Four.",
        "Hm.<channel|>Four.",
        "<unused94>thought\nHm.<unused95>Four.",
        "<|begin_of_thought|>Hm.<|end_of_thought|>\n<|begin_of_solution|>Four.<|end_of_solution|>",
        "<|begin_of_thought|>Hm.<|begin_of_solution|>Four.",
        "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Four.<|END_RESPONSE|>",
        "◁think▷Hm.◁/think▷Four.",
        "Here is my thought process:\nHm.\nHere is my response:\nFour.",
        "Here's my thought process: Hm. Here's my response: Four.",
        "<think>Hm.</think><answer>Four.</answer>",
        "<think>Hm.</think>\n<answer>Four.",
        "<think>Hm.</think><|begin_of_box|>Four.<|end_of_box|>",
    ],
)
def test_marks_of_many_families(content: str) -> None:
    assert split_thinking(content) == ("Four.", "Hm.")


@pytest.mark.parametrize(
    ("content", "answer", "thinking"),
    [
        ("<think>a<think>b</think>c</think>Four.", "Four.", "a<think>b</think>c"),
        ("<think>a<think>b</think>Four.", "Four.", "a<think>b"),
        (
            "<thinking>a<reflection>b</reflection></thinking><output>Four.</output>",
            "Four.",
            "a<reflection>b</reflection>",
        ),
        ("<think>a</think>It ends with </think>.", "It ends with </think>.", "a"),
        ("Put it in `<think>` and `</think>`.", "Put it in `<think>` and `</think>`.", ""),
        ("<answer>Four.</answer>", "<answer>Four.</answer>", ""),
        ("[Thinking] is a label, [think] too.", "[Thinking] is a label, [think] too.", ""),
        ("a < b and <b>bold</b>, <thinker>", "a < b and <b>bold</b>, <thinker>", ""),
    ],
)
def test_nested_marks_and_marks_that_are_spoken_of(content: str, answer: str, thinking: str) -> None:
    assert split_thinking(content) == (answer, thinking)


def test_pairs_of_ones_own_are_known_beside_the_others() -> None:
    own = (("<plan>", "</plan>"), ("(*", "*)"))
    assert split_thinking("<plan>a</plan>(*b*)<think>c</think>Four.", "f", own) == ("Four.", "f\na\nb\nc")
    assert split_thinking("a</plan>Four.", "", own) == ("Four.", "a")
    assert split_thinking("<plan>Four.") == ("<plan>Four.", "")


@pytest.mark.parametrize(
    ("given", "style"),
    [
        ("harmony", "harmony"),
        (["<a>", "</a>"], (("<a>", "</a>"),)),
        ([["<a>", "</a>"], ["b", "c"]], (("<a>", "</a>"), ("b", "c"))),
    ],
)
def test_the_pool_file_names_a_style_or_pairs(given: object, style: object) -> None:
    spec = {"endpoint": "http://here/v1", "thinking": given}
    assert LLMSpec.model_validate(spec).thinking == style


@pytest.mark.parametrize(
    "given", ["<think>", [], ["<a>"], ["<a>", "<a>"], ["<a>", ""], [["<a>", "</a>"], "b"], 5, None]
)
def test_a_style_that_is_none_is_refused(given: object) -> None:
    spec = {"aggregators": ["a"], "llms": {"a": {"endpoint": "http://here/v1", "thinking": given}}}
    with pytest.raises(PoolError, match=r"expected one of auto, none, tags, harmony, .*\[\"<plan>\", \"</plan>\"\]"):
        Pool.from_dict(spec)


UNITS = [
    "<think>",
    "<think> wait, ",
    "</think>",
    "<think></think>",
    "<think><think></think>",
    "<|channel|>",
    "<think ",
    "[",
]
UNITS += [
    HARMONY,
    "analysis",
    "assistant",
    "Here is my response:",
    "## Thinking\n",
    "<|",
    "<a:",
    "<answer>",
    "`<think>`",
    " ",
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("style", ["auto", "harmony", "headings", (("<p>", "</p>"),)])
def test_a_reply_in_a_loop_is_read_in_linear_time(unit: str, style: str | Pairs) -> None:
    """A megabyte takes less than a second; a quadratic reader would take many minutes."""
    start = time.process_time()
    for text in (unit * (1_000_000 // len(unit)), "analysis" + unit * (300_000 // len(unit))):
        answer, thinking = split_thinking(text, "", style)
        assert len(answer) + len(thinking) <= len(text)
    assert time.process_time() - start < 20


@given(st.text(alphabet="ab \n", max_size=40), st.text(alphabet="xy \n", max_size=40))
def test_the_answer_never_holds_thinking(thinking: str, answer: str) -> None:
    assert split_thinking(f"<think>{thinking}</think>{answer}") == (answer.strip(), thinking.strip())
    assert split_thinking(f"{thinking}</think>{answer}") == (answer.strip(), thinking.strip())
