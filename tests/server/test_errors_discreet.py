"""What clients may read of failures: name, kind and status. Addresses, keys, paths and others' words go to the log."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from smacs.errors import BankError, EmbedderDownError, SmacsError
from smacs.graph.replay import replay_trace
from smacs.graph.systems import SINGLE_LLM, build_system, system_names
from smacs.graph.trace import read_trace
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tests.server.conftest import Served, serving
from tools.mock.process import MockServer

KEY = "hf_NotLikeOthers1234567890"
SECRETS = ("hunter2", KEY, "URLTOKEN", "127.0.0.1", "/opt/secret", "http://", "LEAK_KEY", "pool.toml")


class Echo(BaseHTTPRequestHandler):
    """An endpoint that repeats the headers in its error, as many debug proxies do."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        said = f"no; your header was {self.headers['Authorization']} {KEY} at /opt/secret/path{self.path}"
        body = json.dumps({"error": {"message": said}}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}/v1?token=URLTOKEN"
        made.shutdown()
        thread.join()


def leaky(url: str, echo: str) -> dict[str, Any]:
    """A pool whose LLMs fail in every way that names something."""
    return {
        "aggregators": ["good"],
        "settings": {"k": 4, "n": 2, "k_drop": 1},
        "embedder": {"kind": "openai", "model": "mock-embedder", "endpoint": url},
        "llms": {
            "good": {"endpoint": url},
            "gone": {"endpoint": "http://127.0.0.1:9/v1", "retries": 0},
            "echo": {"endpoint": echo, "api_key_env": "LEAK_KEY", "retries": 0},
            "unset": {"endpoint": url, "api_key_env": "LEAK_KEY_UNSET", "retries": 0},
        },
    }


@pytest.fixture
def pool(mock: MockServer, echo: str, monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.setenv("LEAK_KEY", KEY)
    mock.set("good", text="Eight legs.")
    return Pool.from_dict(leaky(mock.url, echo), source="/opt/secret/pool.toml")


@pytest.fixture
def server(pool: Pool, bank: QuestionBank) -> Iterator[Served]:
    from smacs.server.app import create_app
    from smacs.server.settings import ServerSettings

    with serving(create_app(pool, bank, ServerSettings())) as served:
        yield served


def look_at(text: str) -> str:
    """Fail where something shows that clients have no business with."""
    assert [secret for secret in SECRETS if secret in text] == []
    return text


@pytest.mark.parametrize("model", ["gone", "echo", "unset"])
def test_an_error_names_llm_and_kind_alone(server: Served, model: str) -> None:
    reply = server.ask(model=model)
    assert reply.status_code == 503
    assert f"{model}: " in look_at(reply.text)


def test_an_answer_its_trace_and_its_stream_do_not_say_more(server: Served) -> None:
    for system in (name for name in system_names() if name != SINGLE_LLM):
        reply = server.ask(model=system, smacs={"trace": True})
        look_at(reply.text)
        look_at(server.ask(model=system, stream=True, smacs={"trace": True, "events": True}).text)
    errors = [record["error"] for record in server.ask(smacs={"trace": True}).json()["smacs"]["trace"]["references"]]
    assert "unreachable: gone: no connection to its endpoint" in errors


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/settings", "/health", "/health/ready", "/metrics", "/", "/nothing"]
)
def test_no_other_reply_says_more(server: Served, path: str) -> None:
    server.ask(smacs={"trace": True})
    look_at(server.http.get(path).text)


def test_the_log_has_the_details_but_for_the_key(server: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        server.ask(model="echo")
        server.ask(model="gone")
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "http://127.0.0.1:9/v1" in said
    assert "/opt/secret/path" in said
    assert KEY not in said


def test_an_embedder_is_not_named_either(server: Served, mock: MockServer) -> None:
    mock.set("mock-embedder", fault="400")
    degraded = server.ask(smacs={"trace": True}).json()["smacs"]["degraded"]
    assert any(reason["text"].endswith(f": {EmbedderDownError.public}") for reason in degraded)
    look_at(json.dumps(degraded))


def test_a_bank_is_not_named_either(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise BankError("/opt/secret/bank/questions.jsonl, line 3: no JSON")

    monkeypatch.setattr(QuestionBank, "load", broken)
    reply = server.ask()
    assert (reply.status_code, reply.json()["error"]["message"]) == (503, BankError.public)
    look_at(server.ask(stream=True).text)


async def test_who_owns_the_endpoints_goes_on_to_see_everything(pool: Pool, bank: QuestionBank) -> None:
    result = await build_system("smacs", pool, bank, {}).compile().ainvoke({"question": "How many legs has a spider?"})
    errors = {record["llm"]: record["error"] for record in result["references"] if record["error"]}
    assert "http://127.0.0.1:9/v1" in errors["gone"]
    await pool.aclose()


async def test_a_trace_of_a_server_can_be_replayed(server: Served, pool: Pool, bank: QuestionBank) -> None:
    data = server.ask(seed=1, smacs={"trace": True}).json()
    trace = read_trace(data)
    assert (await replay_trace(trace, pool=pool, bank=bank))["answer"] == trace.answer


def test_every_error_of_ours_has_a_public_form() -> None:
    kinds = [SmacsError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    said = {kind.__name__: kind.public for kind in kinds}
    assert said["InputError"] is None
    assert said["BankLockedError"] == BankError.public
    assert all(text is None or text for text in said.values())
