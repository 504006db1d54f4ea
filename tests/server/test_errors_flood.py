"""Bodies whose every part is wrong: the reply names the first problems and how many more, and stays small."""

from typing import Any

import pytest

from smacs.server.chat_request import MOST
from tests.server.conftest import QUESTION, Served

MANY = 100_000
SMALL = 4_500  # bytes
KINDS = [{"type": f"t{number}"} for number in range(2000)]


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "smacs", "messages": [QUESTION], **fields}


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        pytest.param(body(messages=[0] * MANY), "messages", id="messages"),
        pytest.param(body(messages=[{}] * MOST), "messages.0.role", id="messages without a role"),
        pytest.param(body(messages=[{"role": "user"}] * (MOST + 1)), "messages", id="too many messages"),
        pytest.param(body(messages=[{"role": "user", "content": [0] * MANY}]), "messages.0.content", id="parts"),
        pytest.param(
            body(messages=[{"role": "user", "content": [{"type": f"t{i}"} for i in range(2000)]}]), None, id="kinds"
        ),
        pytest.param(body(stop=[0] * MANY), None, id="stop"),
        pytest.param(body(stop=[0] * MANY, n="x" * 100_000), None, id="stop and n"),
        pytest.param(body(smacs={f"{number:x}": 0 for number in range(MANY)}), "smacs", id="fields of smacs"),
        pytest.param(body(smacs={"x" * 500_000: 0}), None, id="a long name"),
        pytest.param(body(smacs={"settings": {f"{number:x}": 0 for number in range(MANY)}}), None, id="settings"),
        pytest.param(body(smacs={"settings": {"k": [0] * MANY}}), "smacs.settings.k", id="a setting"),
        pytest.param(body(smacs={"settings": {"x" * 500_000: 0}}), None, id="a long setting"),
        pytest.param(body(smacs={"task": "x" * 500_000}), None, id="a long task"),
        pytest.param(body(model="x" * 900_000), "model", id="a long model"),
    ],
)
def test_a_flood_of_errors_is_a_small_reply(server: Served, request_: dict[str, Any], param: str | None) -> None:
    reply = server.http.post("/v1/chat/completions", json=request_)
    assert reply.status_code in (400, 404)
    assert len(reply.content) < SMALL
    error = reply.json()["error"]
    assert param is None or error["param"] == param


def test_it_says_how_many_problems_there_are_more(server: Served) -> None:
    reply = server.ask(messages=[{}] * 1000)
    message = reply.json()["error"]["message"]
    assert message.startswith("`messages.0.role`: Field required; `messages.1.role`: Field required")
    assert message.endswith("`messages.4.role`: Field required; and 995 more problems.")


def test_many_messages_are_no_error_by_themselves(server: Served) -> None:
    turns = [{"role": "user", "content": "And?"}, {"role": "assistant", "content": "Eight."}] * (MOST // 2 - 1)
    assert server.ask(model="llm-0", messages=[*turns, QUESTION]).status_code == 200
