import asyncio
import base64
import contextlib
import subprocess
import sys
from pathlib import Path

import httpx2
import msgspec
import numpy as np
import psutil
import pytest

from tools.mock import MockServer

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def server():
    with MockServer(tokens=20, dimension=8) as mock:
        yield mock


@pytest.fixture
def mock(server):
    server.reset()
    return server


@pytest.fixture
def client(mock):
    with httpx2.Client(base_url=mock.url.removesuffix("/v1"), trust_env=False, timeout=10) as client:
        yield client


def body(model="m", text="Hello?", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def test_a_chat_reply_has_choices_logprobs_and_usage(client):
    reply = client.post(CHAT, json=body(text="x" * 40, n=3, logprobs=True, top_logprobs=2)).json()
    assert reply["model"] == "m"
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
    texts = [choice["message"]["content"] for choice in reply["choices"]]
    assert len(set(texts)) == 3
    for choice, text in zip(reply["choices"], texts, strict=True):
        tokens = choice["logprobs"]["content"]
        assert choice["finish_reason"] == "stop"
        assert len(tokens) == 20
        assert "".join(token["token"] for token in tokens) == text
        assert all(token["logprob"] <= 0 and len(token["top_logprobs"]) == 2 for token in tokens)
    assert reply["usage"] == {"prompt_tokens": 10, "completion_tokens": 60, "total_tokens": 70}


def test_token_counts_can_be_impossible(mock, client):
    mock.set("m", fault="usage")
    assert client.post(CHAT, json=body()).json()["usage"]["prompt_tokens"] < 0


def test_a_chat_reply_is_the_same_every_time_and_differs_between_models(client):
    first, again, other = (client.post(CHAT, json=body(model)).json() for model in ("a", "a", "b"))
    assert first == again
    assert first["choices"][0]["logprobs"] is None
    assert first["choices"][0]["message"]["content"] != other["choices"][0]["message"]["content"]


def test_max_tokens_cuts_the_reply(client):
    reply = client.post(CHAT, json=body(max_tokens=5)).json()
    assert reply["choices"][0]["finish_reason"] == "length"
    assert reply["usage"]["completion_tokens"] == 5


def test_given_texts_and_logprob(mock, client):
    mock.set("m", text=["four", "five or so"], logprob=-0.25)
    reply = client.post(CHAT, json=body(n=3, logprobs=True)).json()
    assert [choice["message"]["content"] for choice in reply["choices"]] == ["four", "five or so", "four"]
    assert [token["logprob"] for token in reply["choices"][1]["logprobs"]["content"]] == [-0.25] * 3


def test_streaming_says_the_same_as_the_whole_reply(client):
    whole = client.post(CHAT, json=body(logprobs=True)).json()
    request = body(logprobs=True, stream=True, stream_options={"include_usage": True})
    reply = client.post(CHAT, json=request)
    assert reply.headers["content-type"] == "text/event-stream"
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    events = [msgspec.json.decode(line) for line in lines]
    deltas = [event["choices"][0]["delta"].get("content", "") for event in events if event["choices"]]
    assert "".join(deltas) == whole["choices"][0]["message"]["content"]
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"] == whole["usage"]


def test_embeddings_are_unit_vectors_of_the_text_alone(client):
    def embed(texts, **more):
        reply = client.post("/v1/embeddings", json={"model": "e", "input": texts, **more}).json()
        return [row["embedding"] for row in reply["data"]]

    pair = np.array(embed(["a", "b"]))
    assert pair.shape == (2, 8)
    np.testing.assert_allclose(np.linalg.norm(pair, axis=1), 1, rtol=1e-6)
    assert embed("b") == [pair[1].tolist()]
    coded = np.frombuffer(base64.b64decode(embed("b", encoding_format="base64")[0]), "<f4")
    np.testing.assert_array_equal(coded, pair[1].astype("<f4"))
    assert len(embed("b", dimensions=4096)[0]) == 4096


@pytest.mark.parametrize("fault", ["400", "401", "404", "429", "500", "503"])
def test_a_status_fault_has_the_error_shape(mock, client, fault):
    mock.set("m", fault=fault)
    reply = client.post(CHAT, json=body())
    assert reply.status_code == int(fault)
    assert reply.json()["error"]["code"] == int(fault)
    assert reply.headers.get("retry-after") == ("0" if fault == "429" else None)
    assert client.post(CHAT, json=body("other")).status_code == 200


@pytest.mark.parametrize("path", [CHAT, "/v1/embeddings"])
@pytest.mark.parametrize("fault", ["refuse", "drop"])
def test_a_connection_fault_breaks_the_connection(mock, client, fault, path):
    mock.set("m", fault=fault)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        client.post(path, json=body() | {"input": "a"})
    mock.set("m")
    assert client.post(path, json=body() | {"input": "a"}).status_code == 200


def test_hang_lasts_until_the_client_leaves(mock, client):
    mock.set("m", fault="hang")
    with pytest.raises(httpx2.ReadTimeout):
        client.post(CHAT, json=body(), timeout=0.2)
    while (count := mock.stats().of("m")).in_flight:  # it hears of the hang-up a moment later
        pass
    assert (count.requests, count.lost) == (1, 1)


def test_a_fault_for_the_first_calls_only(mock, client):
    mock.set("m", fault="500", calls=2)
    assert [client.post(CHAT, json=body()).status_code for _ in range(4)] == [500, 500, 200, 200]


def test_garbage_and_empty(mock, client):
    mock.set("g", fault="garbage")
    mock.set("e", fault="empty")
    page = client.post(CHAT, json=body("g"))
    assert page.status_code == 200
    assert page.text.startswith("<html>")
    reply = client.post(CHAT, json=body("e", logprobs=True)).json()
    assert reply["choices"][0]["message"]["content"] == ""
    assert reply["choices"][0]["logprobs"] == {"content": []}
    assert reply["usage"]["completion_tokens"] == 0
    assert client.post("/v1/embeddings", json={"model": "e", "input": "a"}).json()["data"] == []


def test_thinking_and_missing_logprobs(mock, client):
    def message(fault):
        mock.set("m", fault=fault, text="four")
        choice = client.post(CHAT, json=body(logprobs=True)).json()["choices"][0]
        return choice["message"] | {"logprobs": choice["logprobs"]}

    tags, unopened, only = (message(fault)["content"] for fault in ("think", "think_unopened", "think_only"))
    assert tags.startswith("<think>")
    assert tags.endswith("</think>\n\nfour")
    assert "<think>" not in unopened
    assert unopened.endswith("</think>\n\nfour")
    assert only.startswith("<think>")
    assert "</think>" not in only
    assert message("field")["reasoning_content"] == message("reasoning")["reasoning"] != ""
    assert message("field")["content"] == "four"
    assert message("no_logprobs")["logprobs"] is None


def test_overflow_depends_on_the_length_of_the_prompt(mock, client):
    mock.set("m", fault="overflow", chars=400)
    assert client.post(CHAT, json=body(text="x" * 400)).status_code == 200
    reply = client.post(CHAT, json=body(text="x" * 401))
    assert reply.status_code == 400
    assert "maximum context length is 100 tokens" in reply.json()["error"]["message"]


def test_counters_and_bodies(mock, client):
    client.post(CHAT, json=body("a", text="first", seed=7), headers={"Authorization": "Bearer k"})
    client.post(CHAT, json=body("b"))
    client.post(CHAT, json=body("a", text="second"))
    stats = mock.stats()
    assert (stats.total.requests, stats.of("a").requests, stats.of("never").requests) == (3, 2, 0)
    assert [sent["messages"][0]["content"] for sent in stats.bodies("a")] == ["first", "second"]
    assert stats.bodies("a")[0]["seed"] == 7
    assert stats.received[0].authorization == "Bearer k"
    assert {model["id"] for model in client.get("/v1/models").json()["data"]} == {"a", "b"}


async def test_in_flight_and_latency(mock):
    mock.set("m", latency=0.3)
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        calls = (client.post(mock.url + "/chat/completions", json=body()) for _ in range(5))
        replies = await asyncio.gather(*calls)
    assert all(reply.status_code == 200 and reply.elapsed.total_seconds() >= 0.3 for reply in replies)
    assert (mock.stats().of("m").max_in_flight, mock.stats().of("m").in_flight) == (5, 0)


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        (CHAT, b"{", 400),
        (CHAT, b"{}", 400),
        ("/nowhere", b"", 404),
        ("/control", b'{"m":{"fault":"x"}}', 400),
    ],
)
def test_a_bad_request_gets_an_error(client, path, content, status):
    reply = client.post(path, content=content)
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


def test_health(client):
    assert client.get("/health").status_code == 200


@pytest.mark.slow
def test_it_starts_wherever_its_caller_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with MockServer() as mock:
        assert mock.stats().total.requests == 0


@pytest.mark.slow
def test_it_stops_with_its_block_and_with_its_parent():
    with MockServer() as mock:
        pid = mock.pid
    assert not psutil.pid_exists(pid)
    code = (
        "import time; from tools.mock import MockServer; mock = MockServer().__enter__(); "
        "print(mock.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    with contextlib.suppress(psutil.NoSuchProcess):
        child.wait(timeout=10)
    assert not child.is_running()


@pytest.mark.slow
def test_a_mock_can_come_back_at_its_port():
    with MockServer() as first:
        port = first.port
        first.process.kill()
    with MockServer(port=port) as second:
        assert second.url == first.url
        assert second.stats().total.requests == 0
