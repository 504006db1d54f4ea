"""Servers that die and come back: `up` with its supervisor, real processes, real kills. vLLM is a mock here."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from smacs.pool.calls.replies import Reply
from smacs.pool.config import LLMSpec
from smacs.pool.launch import servers, supervisor
from smacs.pool.launch.servers import ServerStatus
from smacs.pool.pool import Pool

pytestmark = pytest.mark.slow

LIMIT = 120.0
POOL = {
    "aggregators": ["big"],
    "llms": {
        "big": {"retries": 0, "launch": {"engine": "vllm", "hub": "owner/name", "replicas": 2}},
        "small": {"retries": 0, "launch": {"engine": "vllm", "hub": "owner/small"}},
    },
}


@pytest.fixture
def pool(cache: Path, fake_vllm: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool of two LLMs, one of them with two replicas; all that is up ends with the test."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    yield Pool.from_dict(POOL)
    servers.down()


def wait_for(happened: Callable[[dict[str, ServerStatus]], bool]) -> dict[str, ServerStatus]:
    limit = time.monotonic() + LIMIT
    while not happened(found := {status.llm: status for status in servers.status()}):
        assert time.monotonic() < limit, f"not within {LIMIT} s: {found}"
        time.sleep(0.1)
    return found


def kill(server: ServerStatus) -> None:
    psutil.Process(server.pid).kill()


def supervisors() -> list[psutil.Process]:
    every = psutil.process_iter(["cmdline", "environ"])
    ours = [each for each in every if "smacs.pool.launch.supervisor" in (each.info["cmdline"] or [])]
    return [each for each in ours if each.status() != psutil.STATUS_ZOMBIE]


def ours(cache: Path) -> list[psutil.Process]:
    return [each for each in supervisors() if (each.info["environ"] or {}).get("SMACS_HOME") == str(cache)]


async def test_a_server_that_is_killed_comes_back_where_it_was(pool: Pool, cache: Path) -> None:
    urls = servers.up(pool.launched)
    assert sorted(urls) == ["big", "big#2", "small"]
    before = wait_for(lambda found: all(status.healthy for status in found.values()))
    kill(before["big"])
    big = pool.llms["big"]
    replies = [await big.call([{"role": "user", "content": str(i)}]) for i in range(4)]
    assert all(isinstance(reply, Reply) for reply in replies)
    assert sorted(big.endpoints) == sorted([urls["big"], urls["big#2"]])
    after = wait_for(lambda found: found["big"].healthy)
    assert after["big"].pid != before["big"].pid
    assert {name: status.port for name, status in after.items()} == {n: s.port for n, s in before.items()}
    assert {name: status.restarts for name, status in after.items()} == {"big": 1, "big#2": 0, "small": 0}
    await pool.aclose()
    assert sorted(servers.down(["big"])) == ["big", "big#2"]
    assert len(ours(cache)) == 1
    assert servers.down() == ["small"]
    assert servers.status() == [] and ours(cache) == []


def test_without_its_supervisor_everything_else_works(pool: Pool, cache: Path) -> None:
    servers.up({"small": pool.launched["small"]})
    (process,) = ours(cache)
    process.kill()
    psutil.wait_procs([process], timeout=20)
    assert not supervisor.is_on()
    (status,) = servers.status()
    assert status.healthy
    kill(status)
    fallen = wait_for(lambda found: not found["small"].alive)
    assert fallen["small"].restarts == 0
    url = servers.up({"small": pool.launched["small"]})["small"]
    assert httpx2.get(f"{url.removesuffix('/v1')}/health", trust_env=False).status_code == 200
    assert len(ours(cache)) == 1
    assert servers.down() == ["small"]
    assert ours(cache) == []


def test_an_endpoint_elsewhere_is_not_launched_here(cache: Path) -> None:
    launch = {"engine": "vllm", "hub": "owner/name"}
    spec = LLMSpec.model_validate({"endpoint": "http://gpu1:8000/v1", "launch": launch})
    with servers.running({"remote": spec}) as urls:
        assert urls == {}
