"""Replies as servers really send them: what counts of each, what is left out, and how that is said."""

import json
from typing import Any

import pytest

from smacs.pool.calls.chat import chat_result
from smacs.pool.calls.generation import read_body
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.config import LLMSpec

TEXT = "The answer is 84."


def body(message: Any = None, *, choice: dict[str, Any] | None = None, **top: Any) -> bytes:
    one = {"index": 0, "message": message or {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
    return json.dumps({"id": "x", "model": "m", "choices": [one | (choice or {})], **top}).encode()


def logprobs(*values: Any) -> dict[str, Any]:
    return {"logprobs": {"content": [{"token": "a", "logprob": value, "top_logprobs": []} for value in values]}}


def read(raw: bytes, thinking: str = "auto") -> Reply:
    reply = read_body("mine", LLMSpec(endpoint="http://here/v1", thinking=thinking), raw)
    assert isinstance(reply, Reply), reply
    return reply


def failure(raw: bytes) -> Failure:
    result = read_body("mine", LLMSpec(endpoint="http://here/v1"), raw)
    assert isinstance(result, Failure), result
    return result


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "7*12"}]}, {"type": "text", "text": TEXT}],
            TEXT,
            "7*12",
        ),
        ([{"type": "thinking", "thinking": "7*12", "signature": "c2ln"}, {"type": "text", "text": TEXT}], TEXT, "7*12"),
        ([{"type": "text", "text": "The answer "}, {"type": "text", "text": "is 84."}], TEXT, ""),
        (
            [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
                {"type": "output_text", "text": TEXT},
            ],
            TEXT,
            "Hm.",
        ),
        ([{"type": "redacted_thinking", "data": "eHg="}, {"type": "text", "text": TEXT}], TEXT, ""),
        (["The answer ", "is 84."], TEXT, ""),
        ([None, {"type": "text", "text": {"value": TEXT, "annotations": []}}], TEXT, ""),
        ({"type": "text", "text": TEXT}, TEXT, ""),
        ([{"text": TEXT}], TEXT, ""),
        (84, "84", ""),
    ],
)
def test_content_in_parts(content: Any, text: str, reasoning: str) -> None:
    choice = read(body({"content": content})).choices[0]
    assert (choice.text, choice.reasoning) == (text, reasoning)


def test_parts_that_are_no_text_are_left_out_and_said() -> None:
    reply = read(body({"content": [{"type": "image_url", "image_url": {}}, {"type": "text", "text": TEXT}]}))
    assert reply.choices[0].text == TEXT
    assert reply.notes == ("mine: parts of it are no text: image_url",)


@pytest.mark.parametrize(
    "field",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"reasoning": {"content": "Hm."}},
        {"reasoning": {"type": "reasoning", "text": "Hm."}},
        {"reasoning": [{"type": "text", "text": "Hm."}]},
        {"reasoning_content": None, "reasoning": "Hm."},
    ],
)
def test_thinking_in_a_field_of_its_own(field: dict[str, Any]) -> None:
    choice = read(body({"content": TEXT, **field})).choices[0]
    assert (choice.text, choice.reasoning) == (TEXT, "Hm.")


def test_an_effort_is_no_thinking() -> None:
    assert read(body({"content": TEXT, "reasoning": {"effort": "high"}})).choices[0].reasoning == ""


@pytest.mark.parametrize(
    "field",
    [
        {"reasoning_content": TEXT},
        {"reasoning": TEXT},
        {"reasoning_details": [{"type": "reasoning.text", "text": TEXT}]},
    ],
)
def test_the_answer_in_the_reasoning_field_counts_and_is_said(field: dict[str, Any]) -> None:
    reply = read(body({"content": None, **field}))
    assert reply.choices[0].text == TEXT
    assert reply.notes == ("mine: all its text came as reasoning, which is taken as the answer",)


@pytest.mark.parametrize(
    ("message", "finish", "said"),
    [
        (
            {"content": None, "reasoning_content": "Hm"},
            "length",
            "nothing but thinking until the limit; raise `max_tokens`",
        ),
        ({"content": ""}, "length", "raise `max_tokens`"),
        ({"content": "<think>Hm"}, "length", "raise `max_tokens`"),
        (
            {"content": None, "refusal": "I cannot help with that."},
            "stop",
            "it refused to answer: I cannot help with that.",
        ),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, "stop", "it refused to answer: No."),
        ({"content": None, "tool_calls": [{"id": "1"}]}, "tool_calls", "it called a tool"),
        ({"content": None}, "content_filter", "content filter held the answer back"),
        ({"content": ""}, "stop", "an empty reply (finish_reason stop); do its chat template"),
        ({"content": "<|channel|>commentary<|message|>I look."}, "stop", "nothing but thinking (finish_reason stop)"),
    ],
)
def test_an_empty_reply_says_why_and_hints_at_max_tokens_only_where_they_ran_out(
    message: dict[str, Any], finish: str, said: str
) -> None:
    result = failure(body(message, choice={"finish_reason": finish}))
    assert result.kind == "empty"
    assert said in result.message
    assert ("max_tokens" in result.message) == (finish == "length")


@pytest.mark.parametrize(
    "raw",
    [
        body(id=None, model=None),
        body(id=5, model=7.5),
        body(id={"a": 1}, created="now", system_fingerprint=None, extra=[{}]),
        body(usage=None),
        body(usage=[]),
        body(usage={"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}),
        body(usage={"prompt_tokens_details": {"cached_tokens": 3}}),
        body(error=None),
        body(choice={"finish_reason": None, "index": None, "logprobs": None}),
        body(choice={"finish_reason": 5, "index": "0", "logprobs": []}),
        body(choice={"logprobs": {"content": None}}),
        body({"content": TEXT, "reasoning": None, "tool_calls": [], "function_call": None, "refusal": None}),
        b'{"choices": [{"message": {"content": "The answer is 84."}}]}',
        b'{"choices": [null, {"message": {"content": "The answer is 84."}}]}',
        b'{"choices": [{"text": "The answer is 84."}]}',
        b'{"choices": [{"delta": {"content": "The answer is 84."}}]}',
        b"\xef\xbb\xbf" + body(),
        b"\n\n" + body() + b"\n",
        body().decode().encode("utf-16"),
    ],
)
def test_fields_that_nobody_needs_may_be_odd(raw: bytes) -> None:
    reply = read(raw)
    assert [choice.text for choice in reply.choices] == [TEXT]
    assert (reply.prompt_tokens, reply.completion_tokens, reply.notes) == (0, 0, ())


@pytest.mark.parametrize("counts", [(5.0, 7.0), ("5", "7"), (5, 7)])
def test_counts_that_are_whole_numbers_count(counts: tuple[Any, Any]) -> None:
    reply = read(body(usage={"prompt_tokens": counts[0], "completion_tokens": counts[1]}))
    assert (reply.prompt_tokens, reply.completion_tokens, reply.notes) == (5, 7, ())


@pytest.mark.parametrize("count", [-5, 10**30, 9 * 10**18, 1e30, 1.5, True, "five", [], {"a": 1}, float("nan")])
def test_counts_that_cannot_be_are_left_out_and_said(count: Any) -> None:
    reply = read(body(usage={"prompt_tokens": count, "completion_tokens": 7}))
    if count in ([],):  # an empty list is nothing, like null
        assert (reply.prompt_tokens, reply.completion_tokens) == (0, 7)
        return
    assert (reply.prompt_tokens, reply.completion_tokens) == (0, 0)
    assert reply.notes[0].startswith("mine: its usage is left out (prompt_tokens ")


@pytest.mark.parametrize(
    "values",
    [
        (None,),
        (-0.1, None),
        (5,),
        (0.5,),
        ("-1",),
        (True,),
        (float("nan"),),
        (float("-inf"),),
        (float("inf"),),
        (-1e308, -1e308),
        (10**400,),
    ],
)
def test_log_probabilities_that_cannot_be_are_left_out_and_said(values: tuple[Any, ...]) -> None:
    reply = read(body(choice=logprobs(*values)))
    assert (reply.choices[0].text, reply.choices[0].logprob_sum, reply.choices[0].logprob_count) == (TEXT, None, 0)
    assert reply.notes[0].startswith("mine: its log-probabilities are left out (")


def test_a_mean_whose_perplexity_is_no_number_is_left_out() -> None:
    assert read(body(choice=logprobs(-9999.0))).choices[0].logprob_sum is None
    kept = read(body(choice=logprobs(-9999.0, *[-0.5] * 99))).choices[0]
    assert kept.logprob_sum == pytest.approx(-10048.5)
    assert kept.logprob_count == 100


def test_rounding_does_not_make_a_probability_larger_than_one() -> None:
    assert read(body(choice=logprobs(1e-7, 1e-7))).choices[0].logprob_sum == pytest.approx(0.0)


def test_the_log_probabilities_survive_an_odd_field_elsewhere() -> None:
    choice = read(body(choice=logprobs(-0.25, -0.5), id=None, usage={"prompt_tokens": None})).choices[0]
    assert choice.logprob_sum == pytest.approx(-0.75)
    assert choice.logprob_count == 2


def many(*indices: Any) -> bytes:
    choices = [
        {"index": index, "message": {"content": f"c{at}"}, "finish_reason": "stop"} for at, index in enumerate(indices)
    ]
    return json.dumps({"choices": choices}).encode()


@pytest.mark.parametrize(
    ("indices", "texts"),
    [
        ((2, 0, 1), ["c1", "c2", "c0"]),
        ((0, 0, 7), ["c0", "c1", "c2"]),
        ((None, None, None), ["c0", "c1", "c2"]),
        (("b", 1, 0), ["c0", "c1", "c2"]),
    ],
)
def test_choices_come_in_the_order_of_their_numbers_where_these_tell_one(indices: Any, texts: list[str]) -> None:
    assert [g.message.content for g in chat_result(many(*indices), 3).generations] == texts


def test_no_more_choices_count_than_were_asked_for() -> None:
    reply = read(many(*range(10)))
    assert [choice.text for choice in reply.choices] == ["c0"]
    assert reply.notes == ("mine: 10 choices came where 1 was asked for, the first count",)
    assert len(chat_result(many(*range(10)), 3).generations) == 3


@pytest.mark.parametrize(
    ("raw", "kind", "said"),
    [
        (
            {"error": {"message": "rate limited upstream", "code": 429}},
            "overloaded",
            "error 429 in a reply of status 200: rate limited upstream",
        ),
        ({"error": {"message": "no", "code": "502"}}, "overloaded", "error 502"),
        ({"error": "Internal server error"}, "overloaded", "Internal server error"),
        ({"error": "model 'x' not found, try pulling it"}, "rejected", "model 'x' not found"),
        ({"error": {"message": "Overloaded", "type": "overloaded_error"}}, "overloaded", "error 503"),
        (
            {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
            "overflow",
            "4096 tokens",
        ),
        ({"object": "error", "message": "boom", "code": 50001}, "rejected", "boom"),
        ({"detail": "Not authenticated", "status": 401}, "rejected", "Not authenticated"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "rejected", "field required"),
        ({"choices": None, "error": {"message": "busy", "code": 503}}, "overloaded", "busy"),
        ({"choices": [], "error": {"message": "busy", "code": 503}}, "overloaded", "busy"),
        (
            [{"error": {"code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED"}}],
            "overloaded",
            "exhausted",
        ),
        (
            {"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "slow down"}}},
            "overloaded",
            "Provider returned error: slow down",
        ),
        (
            {
                "choices": [
                    {"finish_reason": "error", "error": {"code": 502, "message": "gone"}, "message": {"content": ""}}
                ]
            },
            "overloaded",
            "gone",
        ),
        (
            {"choices": [{"finish_reason": "error", "message": {"content": "The answ"}}]},
            "overloaded",
            "ended it with an error",
        ),
        ({"choices": None}, "garbage", "its `choices` are no list"),
        ({"choices": []}, "garbage", "without choices"),
        ({"id": "x", "object": "list"}, "garbage", "only id, object"),
    ],
)
def test_an_error_in_a_reply_of_status_200_is_read_as_one(raw: Any, kind: str, said: str) -> None:
    result = failure(json.dumps(raw).encode())
    assert (result.kind, said in result.message) == (kind, True), result.message


def test_text_counts_also_beside_an_error() -> None:
    reply = read(body(error={"message": "a warning, really"}))
    assert reply.choices[0].text == TEXT
    assert reply.notes == ("mine: it came with an error: a warning, really",)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please</body></html>",
            "a page of HTML: Sign in (Please)",
        ),
        (b"upstream connect error", "no JSON: upstream connect error"),
        (b"", "empty"),
        (b'{"choices": [{"message": {"content": "The ans', "ends in the middle"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b'"x"', "no object"),
        (b"null", "no object"),
    ],
)
def test_what_is_no_completion_is_named(raw: bytes, said: str) -> None:
    result = failure(raw)
    assert (result.kind, said in result.message) == ("garbage", True), result.message


def test_bytes_that_are_no_utf_8_cost_a_character_not_the_reply() -> None:
    assert read(body().replace(b"84.", b"8\xff4.")).choices[0].text == "The answer is 8�4."


def test_half_a_pair_of_surrogates_costs_a_character() -> None:
    raw = b'{"choices": [{"message": {"content": "a \\\\ud83d \\ud83d\\ude00 \\ud83d b"}}]}'
    assert read(raw).choices[0].text == "a \\ud83d 😀 � b"


def test_not_a_number_elsewhere_costs_nothing_and_stays_in_texts() -> None:
    raw = b'{"x": [NaN, -Infinity, inf], "choices": [{"message": {"content": "x: NaN, \\"NaN\\""}}], "y": -nan}'
    assert read(raw).choices[0].text == 'x: NaN, "NaN"'


def test_a_stream_that_nobody_asked_for_is_put_together() -> None:
    def event(**delta: Any) -> str:
        return f"data: {json.dumps({'id': 'x', 'choices': [{'index': 0, 'delta': delta}]})}\n\n"

    end = {
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": {"content": [{"logprob": -0.5}]}}]
    }
    last = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}
    raw = ": hi\n\n" + event(role="assistant", reasoning="Hm.") + event(content="The ") + event(content="answer is 84.")
    raw += f"data: {json.dumps(end)}\n\ndata: {json.dumps(last)}\n\ndata: nonsense\n\ndata: [DONE]\n\n"
    reply = read(raw.encode())
    choice = reply.choices[0]
    assert (choice.text, choice.reasoning, choice.finish) == (TEXT, "Hm.", "stop")
    assert choice.logprob_sum == pytest.approx(-0.5)
    assert (reply.prompt_tokens, reply.completion_tokens) == (5, 7)


def test_an_error_in_such_a_stream_is_one() -> None:
    result = failure(b'data: {"error": {"message": "slow down", "code": 429}}\n\ndata: [DONE]\n\n')
    assert (result.kind, "slow down" in result.message) == ("overloaded", True)


@pytest.mark.parametrize("unit", [b"{}", b"[]", b'{"message":{}}', b"[1]"])
def test_a_body_of_very_many_objects_is_not_built(unit: bytes) -> None:
    raw = b'{"choices": [' + b",".join([unit] * 1_100_000) + b"]}"
    assert "more than 1,000,000 objects" in failure(raw).message
