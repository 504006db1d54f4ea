"""The guard around the whole server, over real HTTP: keys on every path, limits, the queue, and silent logs."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smacs.server.keyfile import Limits, create_key, revoke_key
from smacs.store.bank import QuestionBank
from tests.server.conftest import LLMS, QUESTION, Served, pool_at, serving
from tools.mock.process import MockServer

OPEN = {"/", "/health", "/health/ready", "/page/page.js"}
OTHERS = [("GET", path) for path in ("/", "/page/page.js", "/metrics", "/docs", "/redoc", "/openapi.json", "/nowhere")]
ASK = {"model": "llm-0", "messages": [QUESTION]}


@dataclass(frozen=True)
class Wide:
    """A server and its file of keys."""

    served: Served
    keys: Path

    def header(self, name: str, **limits: int) -> dict[str, str]:
        """What somebody sends whose key has these limits."""
        return {"Authorization": f"Bearer {create_key(self.keys, name, Limits(**limits))}"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    limits = {"alice": Limits(), "busy": Limits(running=1), "brief": Limits(requests_per_minute=1)}
    limits["poor"] = Limits(tokens_per_day=1)
    return path, {name: create_key(path, name, limit) for name, limit in limits.items()}


@pytest.fixture(scope="module")
def keyed(mock_process: MockServer, bank: QuestionBank, keys: tuple[Path, dict[str, str]]) -> Iterator[Served]:
    from smacs.server.app import create_app
    from smacs.server.settings import ServerSettings

    settings = ServerSettings(keys_file=keys[0], max_body=10_000, running=1, waiting=1, retry_after=3)
    with serving(create_app(pool_at(mock_process.url), bank, settings)) as served:
        yield served


@pytest.fixture
def ask(keyed: Served, keys: tuple[Path, dict[str, str]], mock: MockServer) -> Callable[..., httpx2.Response]:
    """A question, with the key of that name."""
    for llm in LLMS:
        mock.set(llm, text="Eight legs.")

    def post(name: str = "alice", **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {keys[1][name]}"}
        body: dict[str, Any] = {"json": ASK} | options
        return keyed.http.post("/v1/chat/completions", headers=headers, **body)

    return post


def test_no_path_answers_without_a_key(keyed: Served) -> None:
    paths = keyed.app.openapi()["paths"]
    documented = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert ("POST", "/v1/chat/completions") in documented
    assert len(documented) >= 4
    for method, path in [*documented, *OTHERS]:
        status = keyed.http.request(method, path.replace("{", "").replace("}", "")).status_code
        assert (status == 401) != (path in OPEN), (method, path, status)


def test_with_a_key_it_answers(ask: Callable[..., httpx2.Response]) -> None:
    reply = ask()
    assert (reply.status_code, reply.json()["choices"][0]["message"]["content"]) == (200, "Eight legs.")


def test_no_key_is_logged_and_none_is_told(
    ask: Callable[..., httpx2.Response],
    keyed: Served,
    keys: tuple[Path, dict[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "sk-smacs-" + "w" * 43
    replies = [
        ask(),
        ask(json={"model": "nobody", "messages": [QUESTION]}),
        ask(content=b"{"),
        keyed.http.get("/v1/models", headers={"Authorization": f"Bearer {wrong}"}),
        keyed.http.get("/metrics", headers={"Authorization": f"Bearer {keys[1]['alice']}"}),
    ]
    assert [reply.status_code for reply in replies] == [200, 404, 400, 401, 200]
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records) + "".join(r.text for r in replies)
    assert "/v1/chat/completions" in said
    assert "alice" in caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert wrong not in said
    assert not any(key in said for key in keys[1].values())


def test_a_chunked_body_over_the_limit_is_413(ask: Callable[..., httpx2.Response]) -> None:
    reply = ask(json=None, content=iter([b"x" * 4_000] * 4))
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")


def test_limits_of_a_key_hold(ask: Callable[..., httpx2.Response]) -> None:
    assert [ask("brief").status_code for _ in range(2)] == [200, 429]
    refused = ask("brief")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert [ask("poor").status_code for _ in range(2)] == [200, 429]  # the first answer cost more than one token
    assert ask("poor").json()["error"]["code"] == "insufficient_quota"


@pytest.mark.slow
async def test_the_queue_has_a_bound(
    ask: Callable[..., httpx2.Response], keyed: Served, mock: MockServer, until: Callable[[Callable[[], bool]], Any]
) -> None:
    mock.set("llm-0", latency=0.5, text="Late.")
    queue = keyed.app.state.queue
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(ask)
        await until(lambda: queue.running == 1)
        second = threads.submit(ask)
        await until(lambda: queue.waiting == 1)
        third = ask()
        assert (third.status_code, third.headers["retry-after"]) == (429, "3")
        assert [future.result().status_code for future in (first, second)] == [200, 200]
    assert (queue.running, queue.waiting) == (0, 0)


@pytest.fixture(scope="module")
def wide(mock_process: MockServer, bank: QuestionBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wide]:
    """A server that answers many at once."""
    from smacs.server.app import create_app
    from smacs.server.settings import ServerSettings

    keys = tmp_path_factory.mktemp("wide") / "keys.json"
    create_key(keys, "operator", Limits())
    with serving(create_app(pool_at(mock_process.url), bank, ServerSettings(keys_file=keys))) as served:
        yield Wide(served, keys)


@pytest.mark.parametrize("model", ["llm-0", "smacs"])
def test_many_at_once_cannot_overspend(wide: Wide, mock: MockServer, model: str) -> None:
    """One token a day: one of twenty is answered, however they come."""
    for llm in LLMS:
        mock.set(llm, latency=0.5)
    header = wide.header(f"at-once-{model}", tokens_per_day=1)
    with ThreadPoolExecutor(20) as threads:
        body = ASK | {"model": model}
        asked = [
            threads.submit(wide.served.http.post, "/v1/chat/completions", headers=header, json=body) for _ in range(20)
        ]
    replies = [future.result() for future in asked]
    assert sorted(reply.status_code for reply in replies) == [200, *[429] * 19]
    assert mock.stats().of("llm-0").requests == 1
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in replies if reply.status_code == 429)


@pytest.mark.parametrize("stream", [False, True])
async def test_who_hangs_up_pays_for_what_was_made(
    wide: Wide, mock: MockServer, until: Callable[[Callable[[], bool]], Any], stream: bool
) -> None:
    """The prompt has some 20 tokens, which are more than the key has."""
    mock.set("llm-0", fault="hang")
    header = wide.header(f"hung-up-{stream}", tokens_per_day=5)
    async with httpx2.AsyncClient(base_url=wide.served.url, trust_env=False, timeout=None) as http:
        asking = asyncio.create_task(http.post("/v1/chat/completions", headers=header, json=ASK | {"stream": stream}))
        await until(lambda: mock.stats().of("llm-0").in_flight == 1)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    await until(lambda: mock.stats().of("llm-0").in_flight == 0)
    await until(lambda: wide.served.http.get("/v1/models", headers=header).status_code == 429)
    refused = wide.served.http.post("/v1/chat/completions", headers=header, json=ASK)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")


def test_a_key_that_was_revoked_is_refused_by_all_of_a_burst(wide: Wide, mock: MockServer) -> None:
    header = wide.header("burst")
    assert wide.served.http.get("/v1/models", headers=header).status_code == 200
    revoke_key(wide.keys, "burst")
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(wide.served.http.get, "/v1/models", headers=header) for _ in range(40)]
    assert {future.result().status_code for future in asked} == {401}
