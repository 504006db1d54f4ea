"""What of a conversation is the question, what is context, and what no LLM would be shown."""

from typing import Any

import pytest
from langchain_core.messages import ChatMessage

from smacs.errors import InputError
from smacs.nodes.shared.question import left_out, read_question

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
CALLS = {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "17 degrees"}


def test_the_last_human_message_is_the_question_and_the_rest_is_context() -> None:
    asked = read_question(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hi"},
                {"role": "user", "content": [{"type": "text", "text": "What is 2 + 2?"}]},
            ]
        }
    )
    assert asked["question"] == "What is 2 + 2?"
    assert asked["system"] == "Be brief."
    assert asked["history"] == [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    assert asked["task"] == "open"


@pytest.mark.parametrize("state", [{}, {"question": "  \n"}, {"messages": []}, {"messages": [("ai", "hm")]}])
def test_an_empty_question_is_refused(state: Any) -> None:
    with pytest.raises(InputError, match="empty"):
        read_question(state)


def test_what_followed_the_question_belongs_to_it() -> None:
    asked = read_question({"messages": [("human", "How warm is it?"), CALLS, RESULT, ("ai", "17, I hear.")]})
    assert asked["question"].split("\n") == [
        "How warm is it?",
        "",
        "What has been done for it so far:",
        "Let me see.",
        'The tool weather was called with {"city":"Oslo"}.',
        "The tool weather answered: 17 degrees",
        "17, I hear.",
    ]
    assert asked["history"] == []


def test_tool_results_of_earlier_turns_stay_with_the_assistants_turn() -> None:
    asked = read_question({"messages": [("human", "How warm?"), CALLS, RESULT, ("ai", "17."), ("human", "In Rome?")]})
    assert asked["question"] == "In Rome?"
    assert [turn["role"] for turn in asked["history"]] == ["user", "assistant"]
    assert "answered: 17 degrees\n17." in asked["history"][1]["content"]


def test_a_tool_without_a_name_or_a_result() -> None:
    asked = read_question({"messages": [("human", "Q?"), {"role": "tool", "tool_call_id": "9", "content": ""}]})
    assert asked["question"].endswith("The tool answered: nothing")


@pytest.mark.parametrize("kind", ["image_url", "image", "input_audio", "file", "video"])
def test_parts_that_no_llm_would_see_are_refused_in_the_question(kind: str) -> None:
    text = {"type": "text", "text": "What is this?"}
    for content in ([text, {"type": kind}], [{"type": kind}]):
        with pytest.raises(InputError, match=kind):
            read_question({"messages": [{"role": "user", "content": content}]})
    with pytest.raises(InputError, match=kind):
        read_question({"messages": [("human", "Q?"), CALLS, {**RESULT, "content": [text, {"type": kind}]}]})


def test_what_earlier_turns_hold_beside_text_is_named() -> None:
    state: Any = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, PICTURE]},
            ("ai", "A harbour."),
            ChatMessage(content="I object.", role="critic"),
            ("human", "And now?"),
        ]
    }
    (reason,) = left_out(state)
    assert "image_url" in reason["text"] and "critic" in reason["text"]
    assert [turn["content"] for turn in read_question(state)["history"]] == ["What is this?", "A harbour."]
    assert (
        left_out({"messages": state["messages"][1:2]})
        == left_out({"question": "Q?", "messages": state["messages"]})
        == []
    )


@pytest.mark.parametrize(
    "messages", ["hello", {"a": 1}, [5], [None], [{"content": "x"}], [{"role": "foo", "content": "x"}]]
)
def test_what_is_no_conversation_is_an_error_that_says_so(messages: Any) -> None:
    with pytest.raises(InputError, match="messages"):
        read_question({"messages": messages})
