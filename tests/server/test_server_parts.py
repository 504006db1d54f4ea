"""Parts of the server by themselves: where answers end, seeds, models called like systems."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.graph.ceilings import Ceilings
from smacs.nodes.shared.run import call_seed
from smacs.pool.pool import Pool
from smacs.server.engine import Engine
from smacs.server.job import seeded
from smacs.server.refused import REFUSED
from smacs.server.replies import ending
from smacs.server.settings import load_settings
from smacs.server.wire import ChatRequest, Extension
from smacs.store.bank import QuestionBank
from tests.server.conftest import pool_at
from tools.mock.process import MockServer

STOPS = st.lists(st.text("ab", min_size=1, max_size=3), max_size=4)


@given(st.text("abc", max_size=12), STOPS)
def test_a_cut_text_is_the_longest_beginning_that_no_stop_string_is_in(text: str, stops: list[str]) -> None:
    kept, finish = ending(result(text, "length"), stops)
    assert text.startswith(kept)
    assert finish == ("length" if not any(stop in text for stop in stops) else "stop")
    assert not any(stop in kept for stop in stops)
    assert kept == text or any(text[len(kept) :].startswith(stop) for stop in stops)


@pytest.mark.parametrize(("said", "finish"), [("length", "length"), ("stop", "stop"), ("", "stop"), ("eos", "stop")])
def test_a_whole_answer_ends_as_its_llm_did_in_openais_words(said: str, finish: str) -> None:
    assert ending(result("Eight.", said), ()) == ("Eight.", finish)


def result(answer: str, finish: str) -> dict[str, Any]:
    return {"answer": answer, "selected": {"candidate": 0, "llm": "a", "finish": finish}}


@given(st.integers(0, 2**31), st.integers(1, 8))
def test_every_answer_has_a_seed_of_its_own_and_the_first_one_the_callers(seed: int, n: int) -> None:
    seeds = [settings["seed"] for settings in seeded({"seed": seed, "k": 2}, n)]
    assert seeds[0] == seed
    assert seeds[1:] == [call_seed(seed, "choice", str(index)) for index in range(1, n)]


def test_a_single_answer_keeps_its_settings() -> None:
    assert seeded({"k": 2}, 1) == [{"k": 2}]


def test_an_llm_that_is_called_like_a_system_keeps_a_name_of_its_own(bank: QuestionBank) -> None:
    endpoint = {"endpoint": "http://127.0.0.1:1/v1"}
    embedder = {"kind": "openai", "model": "mock-embedder", **endpoint}
    llms = {"moa": endpoint, "llm-0": endpoint}
    pool = Pool.from_dict({"aggregators": ["moa"], "llms": llms, "embedder": embedder})
    assert Engine.open(pool, bank).models()[-3:] == ["symbolic_moe", "llm:moa", "llm-0"]


@pytest.mark.parametrize("fields", [REFUSED, ChatRequest.model_fields, Extension.model_fields])
def test_every_field_is_documented(fields: Iterable[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "serve.md").read_text()
    assert [name for name in fields if f"`{name}`" not in text] == []


def test_a_setting_of_the_environment_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_RUNNING", "many")
    with pytest.raises(InputError, match=r"SMACS_SERVER_\.\.\..*`running`.*got 'many'"):
        load_settings()
    monkeypatch.setenv("SMACS_SERVER_RUNNING", "3")
    assert (load_settings().running, load_settings(running=4).running) == (3, 4)


async def test_an_embedder_that_hangs_does_not_keep_the_server_from_starting(
    mock: MockServer, bank: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of 0.4 seconds, not half of the 600 that a question has."""
    monkeypatch.setattr("smacs.server.engine.WARM", 0.4)
    mock.set("mock-embedder", fault="hang")
    engine = Engine.open(pool_at(mock.url), bank)
    async with asyncio.timeout(60):
        await engine.warm()
    await engine.aclose()


def test_ceilings_are_options_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_MAX_COMPLETIONS", "20")
    monkeypatch.setenv("SMACS_SERVER_MAX_K", "3")
    assert load_settings(max_k=2).ceilings == Ceilings(k=2, n=64, deadline=3600.0, completions=20, tokens=4_194_304)
