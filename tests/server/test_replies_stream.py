"""A streamed reply as it is on the wire: the role at once, progress as reasoning, the answer in pieces, the end."""

import json
from typing import Any

import pytest

from smacs.server.replies import PIECE
from tests.server.conftest import Served
from tools.mock.process import MockServer


def chunks(server: Served, **fields: Any) -> list[dict[str, Any]]:
    """The chunks of a stream, whose last line is [DONE]."""
    reply = server.ask(stream=True, **fields).raise_for_status()
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    *events, done, end = reply.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas(found: list[dict[str, Any]], index: int = 0) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in found for choice in chunk["choices"] if choice["index"] == index]


def text(found: list[dict[str, Any]], index: int = 0) -> str:
    return "".join(delta.get("content", "") for delta in deltas(found, index))


def test_role_progress_answer_and_finish_come_in_this_order(server: Served) -> None:
    found = chunks(server)
    first, *progress, content, last = deltas(found)
    assert first == {"role": "assistant", "content": ""}
    # 40 bank questions, all of them of two data sets; four references; three candidates.
    kinds = [line["reasoning_content"].split()[-1] for line in progress[2:]]
    assert progress[0]["reasoning_content"].endswith("%\n")
    assert progress[1]["reasoning_content"].startswith("prior: llm-0 ")
    assert kinds == [*["s"] * 4, "different", *["written"] * 3, "llm-3"]
    assert (content, last) == ({"content": "Eight legs."}, {})
    assert [chunk["choices"][0]["finish_reason"] for chunk in found] == [None] * (len(found) - 1) + ["stop"]
    assert found[-1]["smacs"] == {"degraded": []}
    assert {(chunk["object"], chunk["model"], chunk["id"]) for chunk in found} == {
        ("chat.completion.chunk", "smacs", found[0]["id"])
    }


def test_the_last_chunk_says_that_max_tokens_cut_the_answer(server: Served, mock: MockServer) -> None:
    mock.set("llm-3", tokens=9)
    last = chunks(server, max_tokens=4, smacs={"trace": True})[-1]
    assert last["choices"][0]["finish_reason"] == "length"
    assert last["smacs"]["trace"]["selected"]["finish"] == "length"
    assert [candidate["finish"] for candidate in last["smacs"]["trace"]["candidates"]] == ["length"] * 3


def test_a_long_answer_comes_in_pieces(server: Served, mock: MockServer) -> None:
    long = "é" * (2 * PIECE + 1)
    mock.set("llm-0", text=long)
    found = chunks(server, model="llm-0")
    pieces = [delta["content"] for delta in deltas(found) if delta.get("content")]
    assert [len(piece) for piece in pieces] == [PIECE, PIECE, 1]
    assert text(found) == long


def test_the_usage_chunk_comes_last_where_it_is_asked_for(server: Served) -> None:
    *_, finish, usage = chunks(server, stream_options={"include_usage": True})
    assert "smacs" not in finish
    assert (usage["choices"], usage["smacs"]) == ([], {"degraded": []})
    assert usage["usage"]["completion_tokens"] == 4 * 2 + 3 * 2


def test_the_trace_comes_with_the_last_chunk(server: Served) -> None:
    found = chunks(server, smacs={"trace": True})
    assert found[-1]["smacs"]["trace"]["answer"] == "Eight legs."
    assert not any("smacs" in chunk for chunk in found[:-1])


def test_the_events_come_as_they_are_where_they_are_asked_for(server: Served) -> None:
    found = chunks(server, smacs={"events": True})
    events = [chunk["smacs"]["event"] for chunk in found[:-1] if "smacs" in chunk]
    kinds = ["retrieved", "priors", *["referencer"] * 4, "subsets", *["candidate"] * 3, "selected"]
    assert [event["event"] for event in events] == kinds
    assert events[-1]["answer"] == "Eight legs."


def test_several_answers_share_a_stream(server: Served) -> None:
    found = chunks(server, model="llm-1", n=2, stop=" legs", smacs={"trace": True})
    assert [text(found, index) for index in range(2)] == ["Eight", "Eight"]
    ends = [choice["index"] for chunk in found for choice in chunk["choices"] if choice["finish_reason"] == "stop"]
    assert sorted(ends) == [0, 1]
    assert len(found[-1]["smacs"]["traces"]) == 2


def test_an_error_after_the_beginning_is_an_event(server: Served, mock: MockServer) -> None:
    mock.set("llm-2", fault="500")
    *before, error = chunks(server, model="llm-2")
    assert error["error"]["type"] == "server_error"
    assert "- overloaded: llm-2" in error["error"]["message"]
    assert before[0]["choices"][0]["delta"]["role"] == "assistant"


def test_a_quiet_stream_shows_that_it_is_alive(
    server: Served, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.server.job.QUIET", 0.02)
    mock.set("llm-0", text="Eight.", latency=0.2)
    body = server.ask(model="llm-0", stream=True).raise_for_status().text
    assert "\n\n: working\n\n" in body
    assert body.count('"content":"Eight."') == 1


SPLITTERS = "one\u2028two\u2029three\x85four\x0bfive\x0csix\x1cseven\x1deight\x1enine"


def test_no_character_of_an_answer_ends_a_line(server: Served, mock: MockServer) -> None:
    mock.set("llm-0", text=SPLITTERS)
    reply = server.ask(model="llm-0", stream=True, smacs={"trace": True})
    lines = [line for line in reply.text.splitlines() if line]  # splits at all of them
    assert all(line.startswith("data: ") for line in lines)
    found = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert text(found) == SPLITTERS
    whole = server.ask(model="llm-0")
    assert len(whole.text.splitlines()) == 1
    assert whole.json()["choices"][0]["message"]["content"] == SPLITTERS


def test_no_character_of_an_error_ends_a_line(server: Served) -> None:
    for options in ({}, {"stream": True}):
        reply = server.ask(model=SPLITTERS, **options)
        assert len(reply.text.splitlines()) == 1
        assert "There is no model" in reply.json()["error"]["message"]
