"""`/health` and `/health/ready`: with LLMs up, with the aggregator down, and while the server stops."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from smacs.pool.pool import Pool
from smacs.server.health import Readiness
from smacs.store.bank import QuestionBank
from tests.server.conftest import Served

NOWHERE = "http://127.0.0.1:9/v1"


def readiness(up: str, aggregator: str, bank: Path, **options: Any) -> Readiness:
    """Two LLMs at `up`, and the aggregator; `bank` is its file of questions."""
    llms = {"a": {"endpoint": up}, "b": {"endpoint": up}, "c": {"endpoint": aggregator}}
    pool = Pool.from_dict({"aggregators": ["c"], "llms": llms})
    engine: Any = SimpleNamespace(pool=pool, bank=SimpleNamespace(questions_file=bank))
    return Readiness(engine, **options)


def test_the_process_lives(server: Served) -> None:
    reply = server.http.get("/health")
    assert (reply.status_code, reply.json()["status"]) == (200, "ok")
    assert set(reply.json()) == {"status", "version", "uptime"}


def test_it_is_ready_and_says_no_names(server: Served) -> None:
    reply = server.http.get("/health/ready")
    assert reply.json() == {"status": "ready", "bank": True, "llms": 4, "llms_up": 4, "aggregators_up": 1}


def test_a_draining_server_lives_but_is_not_ready(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.app.state.drain, "draining", True)
    reply = server.http.get("/health/ready")
    assert (reply.status_code, reply.json()["status"], reply.headers["retry-after"]) == (503, "draining", "2")
    assert server.http.get("/health").status_code == 200
    refused = server.ask()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")


async def test_without_an_aggregator_it_is_not_ready(server: Served, bank: QuestionBank) -> None:
    up = f"{server.url}/v1"
    state = await readiness(up, NOWHERE, bank.questions_file).state()
    assert (state.llms, state.llms_up, state.aggregators_up, state.ready) == (3, 2, 0, False)
    state = await readiness(NOWHERE, up, bank.questions_file).state()
    assert (state.llms, state.llms_up, state.aggregators_up, state.ready) == (3, 1, 1, True)


async def test_without_a_bank_it_is_not_ready(server: Served, tmp_path: Path) -> None:
    state = await readiness(NOWHERE, f"{server.url}/v1", tmp_path / "questions.jsonl").state()
    assert (state.bank, state.aggregators_up, state.ready) == (False, 1, False)


async def test_many_who_ask_at_once_cause_one_look(bank: QuestionBank, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def look(url: str) -> bool:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return True

    monkeypatch.setattr("smacs.server.health.answers", look)
    checked = readiness(NOWHERE, NOWHERE, bank.questions_file, fresh=3600)
    states = await asyncio.gather(*(checked.state() for _ in range(20)))
    assert (looks, len({*states})) == (3, 1)  # one for each LLM
