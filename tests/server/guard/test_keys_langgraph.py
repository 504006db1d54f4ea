"""Keys under the real `langgraph dev`: LangGraph's own paths are guarded as ours are, and work with a key."""

import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import psutil
import pytest

from smacs.server.keyfile import Limits, create_key
from smacs.store.bank import QuestionBank
from tests.server.conftest import LLMS, QUESTION
from tests.support.langgraph_dev import Dev, langgraph_dev
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

OWN = [("GET", path) for path in ("/ok", "/info", "/metrics", "/docs", "/openapi.json", "/ui/smacs", "/noauth/info")]
ASK = {"model": "smacs", "messages": [QUESTION]}


@dataclass(frozen=True)
class Keyed:
    """A development server that wants a key, and the header that has one."""

    dev: Dev
    key: str

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return self.dev.http.request(method, path, headers=self.header, **options)


@pytest.fixture(scope="module")
def keyed(mock_process: MockServer, bank: QuestionBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("keyed")
    llms = "\n".join(f'[llms.{name}]\nendpoint = "{mock_process.url}"\nretries = 0' for name in LLMS)
    table = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock_process.url}"'
    (folder / "pool.toml").write_text(f'aggregators = ["llm-3"]\n[settings]\nn = 3\nmax_tokens = 64\n{llms}\n{table}\n')
    key = create_key(folder / "keys.json", "alice", Limits())
    (folder / "repository").mkdir()
    environment = {"SMACS_POOL": str(folder / "pool.toml"), "SMACS_BANK": str(bank.path)}
    with langgraph_dev(folder / "repository", **environment, SMACS_SERVER_KEYS_FILE=str(folder / "keys.json")) as dev:
        yield Keyed(dev, key)


def test_without_a_key_no_path_of_langgraph_answers(keyed: Keyed) -> None:
    paths = keyed.call("GET", "/openapi.json").raise_for_status().json()["paths"]
    documented = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert ("POST", "/runs/wait") in documented
    assert ("POST", "/v1/chat/completions") in documented
    for method, path in [*OWN, *documented]:
        status = keyed.dev.http.request(method, re.sub(r"\{.*?\}", "x", path), json={}).status_code
        assert (status == 401) != path.startswith("/health"), (method, path, status)


def test_with_a_key_both_doors_answer(keyed: Keyed, mock: MockServer) -> None:
    mock.set("llm-3", text="Eight.")
    question = {"question": "How many legs has a spider?"}
    run = keyed.call("POST", "/runs/wait", json={"assistant_id": "smacs", "input": question}).raise_for_status()
    assert run.json()["answer"] == "Eight."
    chat = keyed.call("POST", "/v1/chat/completions", json=ASK).raise_for_status()
    assert chat.json()["choices"][0]["message"]["content"] == "Eight."


def test_metrics_are_those_of_both(keyed: Keyed) -> None:
    text = keyed.call("GET", "/metrics").raise_for_status().text
    assert "smacs_requests_total" in text
    assert "lg_api" in text


def test_langgraph_still_calls_itself(keyed: Keyed) -> None:
    """Its MCP endpoint asks its own API within the process, without a key."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepts = {**keyed.header, "Accept": "application/json, text/event-stream"}
    reply = keyed.dev.http.post("/mcp", headers=accepts, json=body)
    assert reply.status_code == 200
    assert "smacs" in reply.text


def test_a_browser_elsewhere_may_ask_whether_it_may_ask_with_a_key(keyed: Keyed) -> None:
    asks = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    reply = keyed.dev.http.options("/runs/wait", headers=asks)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"]
    assert reply.text == "OK"


def test_sigterm_drains_and_the_key_is_in_no_log(keyed: Keyed, mock: MockServer) -> None:
    """The last test: it ends the server."""
    for llm in LLMS:
        mock.set(llm, latency=1.0, text="Eight.")
    (process,) = (child for child in psutil.Process().children() if "langgraph_cli" in child.cmdline())
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(keyed.call, "POST", "/v1/chat/completions", json=ASK)
        while mock.stats().of("llm-0").requests == 0:
            assert not answer.done()
        process.send_signal(signal.SIGTERM)
        while (late := keyed.call("POST", "/v1/chat/completions", json=ASK)).status_code == 200:
            pass
        assert (late.status_code, late.headers["retry-after"]) == (503, "2")
        assert keyed.dev.http.get("/health/ready").status_code == 503
        assert answer.result().json()["choices"][0]["message"]["content"] == "Eight."
    process.wait(60)
    assert keyed.key not in keyed.dev.log.read_text()
