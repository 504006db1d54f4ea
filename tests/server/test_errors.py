"""Requests that cannot be answered: OpenAI's error shape, the status, and what the message says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from smacs.server.chat_request import UNSUPPORTED
from tests.server.conftest import LLMS, Served
from tools.mock.process import MockServer

JSON = {"Content-Type": "application/json"}
WRONG = {  # of each refused field a value that asks for something
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "tool_choice": "required",
    "functions": [{"name": "f"}],
    "function_call": {"name": "f"},
    "web_search_options": {},
    "audio": {"voice": "alloy"},
    "modalities": ["text", "audio"],
    "response_format": {"type": "json_object"},
    "structured_outputs": {"regex": "a"},
    "guided_json": {"type": "object"},
    "guided_regex": "a+",
    "guided_choice": ["a", "b"],
    "guided_grammar": "root ::= 'a'",
    "logprobs": True,
    "top_logprobs": 3,
    "prompt_logprobs": 1,
    "logit_bias": {"50256": -100},
    "top_p": 0.9,
    "top_k": 20,
    "min_p": 0.1,
    "frequency_penalty": 0.5,
    "repetition_penalty": 1.1,
    "best_of": 2,
    "echo": True,
    "continue_final_message": True,
}
HARMLESS = {
    "user": "someone",
    "metadata": {"a": "b"},
    "store": True,
    "parallel_tool_calls": True,
    "reasoning_effort": "low",
    "anything_else": [1, 2],
    "tools": [],
    "tool_choice": "auto",
    "response_format": {"type": "text"},
    "logprobs": False,
    "top_p": 1.0,
    "frequency_penalty": 0,
    "n": None,
    "stop": None,
    "stream_options": None,
}


def error_of(reply: Any, status: int) -> dict[str, Any]:
    body = reply.json()
    assert (reply.status_code, list(body)) == (status, ["error"])
    error: dict[str, Any] = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def test_every_refused_field_has_an_example() -> None:
    assert set(WRONG) == set(UNSUPPORTED)


@pytest.mark.parametrize("field", UNSUPPORTED)
def test_what_would_change_the_answer_is_refused(server: Served, mock: MockServer, field: str) -> None:
    error = error_of(server.ask(**{field: WRONG[field]}), 400)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", field, "unsupported")
    assert error["message"].startswith(f"{field} is not supported: ")
    assert mock.stats().total.requests == 0


def test_what_has_no_effect_is_accepted(server: Served) -> None:
    server.ask(model="llm-0", **HARMLESS).raise_for_status()


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"role": "tool", "content": "4"}, "`messages.0.role`"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "expected parts of type text, got image_url"),
        ({"role": "user", "content": [{"type": "text", "text": 3}]}, "expected a string as `text` of each part"),
        ({"role": "user", "content": 3}, "`messages.0.content`"),
        ({"role": "user", "content": "  "}, "The question is empty"),
        ({"role": "user", "content": "x" * 400_000}, "The question is too long: 400,000 characters"),
        ({"role": "assistant", "content": "Eight."}, "Expected the last message to be the user's"),
        ({"role": "user", "content": "Q?", "tool_calls": [{}]}, "tool_calls of a message is not supported"),
    ],
)
def test_a_message_that_cannot_be_used_is_named(
    server: Served, mock: MockServer, message: dict[str, Any], said: str
) -> None:
    assert said in error_of(server.ask(messages=[message]), 400)["message"]
    assert mock.stats().of("llm-0").requests == 0


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"messages": []}, "messages", "at least 1 item"),
        ({"n": 5}, "n", "n: expected at most 4 answers, got 5."),
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "at most 4"),
        ({"stop": ""}, "stop", "at least 1"),
        ({"smacs": {"setings": {}}}, "smacs.setings", "Extra inputs"),
        ({"smacs": {"settings": {"k": 9}}}, "smacs.settings.k", "less than or equal to 4"),
        ({"smacs": {"settings": {"q": 9}}}, "smacs.settings.q", "Setting q: smacs has no use for it; it has k, "),
        ({"smacs": {"settings": {"llm": "llm-0"}}}, "smacs.settings.llm", "has no use for it"),
        ({"smacs": {"settings": {"k": 2, "k_drop": 2}}}, None, "Setting k_drop: expected less than k = 2, got 2."),
        ({"smacs": {"settings": {"aggregator": "x"}}}, None, "expected one of llm-0, llm-1, llm-2, llm-3, got 'x'"),
        ({"smacs": {"task": "poetry"}}, None, "expected a task out of"),
        ({"model": "moa", "smacs": {"settings": {"k": 2}}}, "smacs.settings.k", "moa has no use for it"),
        ({"model": "moa", "smacs": {"settings": {"quorum": 9}}}, None, "quorum: expected at most k = 4, got 9."),
        *(
            ({"model": system, "smacs": {"settings": {"aggregator": "x"}}}, None, "expected one of llm-0, llm-1, ")
            for system in ("moa", "self_moa", "symbolic_moe")
        ),
        ({"smacs": {"settings": {"k": True}}}, "smacs.settings.k", "expected a number or a text, not true or false"),
        ({"smacs": {"settings": {"n": 65}}}, "smacs.settings.n", "this server allows 64 at most"),
        ({"smacs": {"settings": {"deadline": 1e9}}}, "smacs.settings.deadline", "this server allows 3,600.0 at most"),
        (
            {"n": 4, "smacs": {"settings": {"n": 64}}},
            None,
            "4 answers x (4 references + 64 candidates) = 272 completions; this server allows 256 at most",
        ),
        ({"model": "llm-0", "max_tokens": 10**7}, "smacs.settings.max_tokens", "1 reference = 1 completion of up to"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(
    server: Served, mock: MockServer, fields: dict[str, Any], param: str | None, said: str
) -> None:
    for stream in (False, True):
        error = error_of(server.ask(**fields, stream=stream), 400)
        assert (error["param"] or "").startswith(param or "")
        assert said in error["message"]
    assert mock.stats().of("llm-0").requests == 0


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_404_with_the_names_there_are(server: Served, stream: bool) -> None:
    for name in ("gpt-5", "single_llm"):
        error = error_of(server.ask(model=name, stream=stream), 404)
        assert (error["param"], error["code"]) == ("model", "model_not_found")
        assert f"There is no model '{name}': expected one of smacs, majority_voting, " in error["message"]
        assert error["message"].endswith("symbolic_moe, llm-0, llm-1, llm-2, llm-3.")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/models/gpt-5", 404), ("GET", "/v1/nothing", 404), ("GET", "/v1/chat/completions", 405)],
)
def test_other_addresses_fail_in_the_same_shape(server: Served, method: str, path: str, status: int) -> None:
    error_of(server.http.request(method, path), status)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"model": NaN}', b'"\\ud83d"', b"\xff", b"[" * 2000])
def test_a_body_that_is_no_json_object_is_400(server: Served, body: bytes) -> None:
    error_of(server.http.post("/v1/chat/completions", content=body, headers=JSON), 400)


def test_a_body_of_another_type_is_400(server: Served) -> None:
    reply = server.http.post("/v1/chat/completions", content=b'{"model": "smacs"}', headers={"Content-Type": "a/b"})
    assert "Content-Type: application/json" in error_of(reply, 400)["message"]


def test_no_answer_is_503_with_what_each_call_said(server: Served, mock: MockServer) -> None:
    for name in LLMS:
        mock.set(name, fault="500")
    error = error_of(server.ask(), 503)
    assert error["type"] == "server_error"
    assert all(f"- overloaded: {name}" in error["message"] for name in LLMS)


def test_past_the_deadline_is_504(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(*_: Any) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr("smacs.server.job.MARGIN", 0.05)
    monkeypatch.setattr(server.app.state.engine, "run", endless)
    error = error_of(server.ask(smacs={"settings": {"deadline": 0.1}}), 504)
    assert (error["message"], error["code"]) == ("No answer within the deadline of 0.1 seconds.", "deadline")


def test_a_failure_of_ours_says_nothing_of_the_inside(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> AsyncIterator[Any]:
        raise KeyError("/etc/secret")
        yield

    monkeypatch.setattr(server.app.state.engine, "run", broken)
    error = error_of(server.ask(), 500)
    assert error["type"] == "server_error"
    assert "secret" not in error["message"]
    streamed = server.ask(stream=True).raise_for_status().text
    assert error["message"] in streamed
    assert "secret" not in streamed
    assert streamed.endswith("data: [DONE]\n\n")


def test_an_embedder_that_is_suddenly_another_one_is_no_fault_of_the_request(server: Served, mock: MockServer) -> None:
    mock.set("mock-embedder", dimension=7)
    said = "The question bank cannot be used; the server's log says why, by the request id."
    assert error_of(server.ask(), 503)["message"] == said
