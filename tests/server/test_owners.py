"""Two keys on the real `langgraph dev`: neither sees what the other has made, and each pays for its own runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smacs.server.keyfile import Limits, create_key, revoke_key
from smacs.store.bank import QuestionBank
from tests.server.conftest import LLMS, QUESTION, pool_file
from tests.support.langgraph_dev import Dev, langgraph_dev
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

ASK = {"assistant_id": "smacs", "input": {"question": "How many legs has a spider?"}}


@dataclass(frozen=True)
class Client:
    """Somebody with a key."""

    http: httpx2.Client
    key: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """The reply, whatever its status."""
        own = {"Authorization": f"Bearer {self.key}", **headers}
        return self.http.request(method, path, json=body, headers=own)

    def made(self, path: str, body: Any) -> Any:
        """What a POST has made, or found."""
        return self.call("POST", path, body).raise_for_status().json()


@dataclass(frozen=True)
class House:
    """A server with keys."""

    dev: Dev
    keys: Path

    def client(self, name: str, **limits: int) -> Client:
        return Client(self.dev.http, create_key(self.keys, name, Limits(**limits)))


@pytest.fixture(scope="module")
def house(mock_process: MockServer, bank: QuestionBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    keys = folder / "keys.json"
    create_key(keys, "operator", Limits())
    environment = {"SMACS_POOL": str(pool_file(mock_process.url, folder)), "SMACS_BANK": str(bank.path)}
    place = tmp_path_factory.mktemp("repository")
    with langgraph_dev(place, **environment, SMACS_SERVER_KEYS_FILE=str(keys)) as dev:
        yield House(dev, keys)


@pytest.fixture(scope="module")
def alice(house: House) -> Client:
    return house.client("alice")


@pytest.fixture(scope="module")
def eve(house: House) -> Client:
    return house.client("eve")


def test_a_thread_is_its_makers(mock: MockServer, alice: Client, eve: Client) -> None:
    thread = alice.made("/threads", {"metadata": {"topic": "legs"}})["thread_id"]
    assert alice.made(f"/threads/{thread}/runs/wait", ASK)["answer"]
    (run,) = alice.call("GET", f"/threads/{thread}/runs").json()
    for search in ({}, {"metadata": {"topic": "legs"}}, {"metadata": {"owner": "alice"}}):
        assert thread not in {found["thread_id"] for found in eve.call("POST", "/threads/search", search).json()}
    own = f"/threads/{thread}"
    attempts = [
        ("GET", own, None),
        ("GET", f"{own}/state", None),
        ("GET", f"{own}/history", None),
        ("POST", f"{own}/state", {"values": {"answer": "Six."}}),
        ("GET", f"{own}/runs", None),
        ("GET", f"{own}/runs/{run['run_id']}", None),
        ("GET", f"{own}/runs/{run['run_id']}/join", None),
        ("POST", f"{own}/runs/{run['run_id']}/cancel", None),
        ("POST", f"{own}/copy", None),
        ("PATCH", own, {"metadata": {"owner": "eve"}}),
        ("POST", f"{own}/runs/wait", ASK),
        ("DELETE", f"{own}/runs/{run['run_id']}", None),
        ("DELETE", own, None),
    ]
    for scheme in ("", "langsmith"):  # Studio's own scheme is no way around
        for method, path, body in attempts:
            reply = eve.call(method, path, body, **({"x-auth-scheme": scheme} if scheme else {}))
            nothing = reply.status_code in (403, 404, 409, 422) or reply.json() == []
            assert nothing, (method, path, reply.status_code, reply.text[:200])
    assert [found["thread_id"] for found in alice.call("POST", "/threads/search", {}).json()] == [thread]
    assert alice.call("GET", f"{own}/state").json()["values"]["answer"] != "Six."


def test_an_assistant_is_its_makers_and_those_of_the_graphs_are_everybodys(
    mock: MockServer, alice: Client, eve: Client
) -> None:
    made = alice.made("/assistants", {"graph_id": "moa", "metadata": {"created_by": "system", "owner": "eve"}})
    found = eve.call("POST", "/assistants/search", {"limit": 100}).json()
    assert made["assistant_id"] not in {assistant["assistant_id"] for assistant in found}
    system = next(assistant["assistant_id"] for assistant in found if assistant["graph_id"] == "smacs")
    assert eve.call("GET", f"/assistants/{system}/schemas").status_code == 200
    assert eve.call("GET", "/assistants/smacs/graph").status_code == 200
    own = f"/assistants/{made['assistant_id']}"
    assert alice.call("GET", own).json()["metadata"]["owner"] == "alice"
    for method, path, body in [
        ("GET", own, None),
        ("GET", f"{own}/schemas", None),
        ("PATCH", own, {"metadata": {"owner": "eve"}}),
        ("DELETE", own, None),
        ("PATCH", f"/assistants/{system}", {"metadata": {"mine": "eve"}}),
        ("DELETE", f"/assistants/{system}", None),
    ]:
        assert eve.call(method, path, body).status_code in (403, 404), (method, path)
    assert eve.call("POST", "/runs/wait", ASK | {"assistant_id": made["assistant_id"]}).status_code in (403, 404)


def test_a_cron_is_its_makers(alice: Client, eve: Client) -> None:
    made = alice.made("/runs/crons", {**ASK, "schedule": "0 0 1 1 *"})
    own = f"/runs/crons/{made['cron_id']}"
    assert [found["cron_id"] for found in alice.made("/runs/crons/search", {})] == [made["cron_id"]]
    assert eve.made("/runs/crons/search", {}) == []
    assert eve.call("PATCH", own, {"schedule": "* * * * *"}).status_code in (403, 404)
    assert eve.call("DELETE", own).status_code in (403, 404)
    assert alice.call("DELETE", own).status_code == 204


def test_items_of_the_store_are_their_makers(alice: Client, eve: Client) -> None:
    """Names of keys may have dots, which no namespace may."""
    item = {"namespace": ["notes"], "key": "a", "value": {"secret": "legs"}}
    assert alice.call("PUT", "/store/items", item).status_code == 204
    assert alice.call("GET", "/store/items?key=a&namespace=notes").json()["value"] == {"secret": "legs"}
    for namespace in ("notes", "key~alice.notes"):
        assert eve.call("GET", f"/store/items?key=a&namespace={namespace}").json() is None
    assert eve.call("POST", "/store/items/search", {"namespace_prefix": []}).json() == {"items": []}
    assert all(found[0] == "key~eve" for found in eve.call("POST", "/store/namespaces", {}).json()["namespaces"])
    assert eve.call("DELETE", "/store/items", {"namespace": ["notes"], "key": "a"}).status_code in (204, 404)
    (kept,) = alice.call("POST", "/store/items/search", {"namespace_prefix": ["notes"]}).json()["items"]
    assert kept["namespace"] == ["key~alice", "notes"]


async def test_runs_in_the_background_count(
    mock: MockServer, house: House, until: Callable[[Callable[[], bool]], Any]
) -> None:
    """One token a day: the run that begins first may go beyond, and is the last one."""
    poor = house.client("poor", tokens_per_day=1, running=1)
    for llm in LLMS:
        mock.set(llm, latency=0.5)
    threads = [poor.made("/threads", {})["thread_id"] for _ in range(4)]
    statuses = [poor.call("POST", f"/threads/{thread}/runs", ASK).status_code for thread in threads]
    assert (statuses[0], set(statuses) <= {200, 429}) == (200, True)
    await until(lambda: mock.stats().of("llm-3").requests > 1 and poor.call("GET", "/info").status_code == 429)
    after = poor.call("POST", "/runs/wait", ASK)
    assert (after.status_code, after.json()["error"]["code"]) == (429, "insufficient_quota")
    assert [mock.stats().of(llm).requests for llm in LLMS[:3]] == [1, 1, 1]


def test_runs_at_once_of_a_key_do_not_hold_up_those_that_follow(mock: MockServer, house: House) -> None:
    """Waited for, a run is its request's and not one more."""
    single = house.client("single", running=1, tokens_per_day=10_000_000)
    for _ in range(3):
        assert single.made("/runs/wait", ASK)["answer"]
    assert single.call("POST", "/v1/chat/completions", {"model": "smacs", "messages": [QUESTION]}).status_code == 200


@pytest.mark.parametrize("how", ["context", "configurable", "assistant"])
def test_a_run_is_under_the_ceilings_whatever_its_settings_come_by(mock: MockServer, alice: Client, how: str) -> None:
    """64 candidates are the most by default."""
    body: dict[str, Any] = dict(ASK)
    if how == "assistant":
        body["assistant_id"] = alice.made("/assistants", {"graph_id": "smacs", "context": {"n": 65}})["assistant_id"]
    else:
        body |= {"context": {"n": 65}} if how == "context" else {"config": {"configurable": {"n": 65}}}
    said = alice.made("/runs/wait", body)["__error__"]["message"]
    assert "Setting n: this server allows 64 at most (SMACS_SERVER_MAX_CANDIDATES, set by its operator), got 65" in said
    assert mock.stats().of("llm-0").requests == 0


def test_a_revoked_key_leaves_no_runs_behind(mock: MockServer, house: House) -> None:
    gone = house.client("gone")
    revoke_key(house.keys, "gone")
    assert [gone.call("GET", "/info").status_code for _ in range(3)] == [401] * 3


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://smith.langchain.com", True),
        ("https://eu.smith.langchain.com", True),
        ("http://localhost:3000", True),
        ("https://evil.example", False),
        ("https://smith.langchain.com.evil.example", False),
        ("https://evilsmith.langchain.com.example", False),
        ("null", False),
    ],
)
def test_which_pages_may_ask(house: House, origin: str, allowed: bool) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    reply = house.dev.http.options("/runs/wait", headers=asks)
    assert reply.headers.get("access-control-allow-origin") == (origin if allowed else None)
