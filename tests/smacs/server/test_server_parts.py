"""Parts of the server by themselves: cutting at stop strings, seeds, lines of progress, models called like systems."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.run import call_seed
from smacs.pool.errors import InputError
from smacs.pool.pool import Pool
from smacs.server.engine import Engine
from smacs.server.job import seeded
from smacs.server.progress import line
from smacs.server.refused import REFUSED
from smacs.server.replies import cut
from smacs.server.settings import load_settings
from smacs.server.wire import ChatRequest, Extension
from smacs.store.bank import QuestionBank

STOPS = st.lists(st.text("ab", min_size=1, max_size=3), max_size=4)


@given(st.text("abc", max_size=12), STOPS)
def test_a_cut_text_is_the_longest_beginning_that_no_stop_string_is_in(text: str, stops: list[str]) -> None:
    kept = cut(text, stops)
    assert text.startswith(kept)
    assert not any(stop in kept for stop in stops)
    assert kept == text or any(text[len(kept) :].startswith(stop) for stop in stops)


@given(st.integers(0, 2**31), st.integers(1, 8))
def test_every_answer_has_a_seed_of_its_own_and_the_first_one_the_callers(seed: int, n: int) -> None:
    seeds = [settings["seed"] for settings in seeded({"seed": seed, "k": 2}, n)]
    assert seeds[0] == seed
    assert seeds[1:] == [call_seed(seed, "choice", str(index)) for index in range(1, n)]


def test_a_single_answer_keeps_its_settings() -> None:
    assert seeded({"k": 2}, 1) == [{"k": 2}]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            {"event": "retrieved", "support": {"count": 44, "datasets": {"algebra": 0.75, "law": 0.25}}},
            "44 similar questions: algebra 75%, law 25%",
        ),
        ({"event": "priors", "priors": {"a": 1.234, "b": 0.0}}, "priors: a 1.23, b 0.00"),
        (
            {"event": "referencer", "llm": "a", "error": None, "tokens": 86, "seconds": 2.06},
            "a answered: 86 tokens in 2.1 s",
        ),
        ({"event": "referencer", "llm": "a", "error": "late: a at http://..."}, "a failed: late"),
        ({"event": "subsets", "subsets": [["a"], ["b"], ["a"]]}, "3 subsets, 2 different"),
        ({"event": "candidate", "index": 0, "text": "x"}, "candidate 1 is written"),
        ({"event": "selected", "candidate": 2, "llm": "a"}, "selected: candidate 3, written by a"),
        ({"event": "selected", "candidate": None, "llm": "a"}, "selected: a reference, written by a"),
        ({"event": "recruited"}, "recruited"),
    ],
)
def test_an_event_is_one_short_line(event: dict[str, Any], said: str) -> None:
    assert line(event) == said


def test_an_llm_that_is_called_like_a_system_keeps_a_name_of_its_own(bank: QuestionBank) -> None:
    endpoint = {"endpoint": "http://127.0.0.1:1/v1"}
    embedder = {"kind": "openai", "model": "mock-embedder", **endpoint}
    llms = {"moa": endpoint, "llm-0": endpoint}
    pool = Pool.from_dict({"aggregators": ["moa"], "llms": llms, "embedder": embedder})
    assert Engine.open(pool, bank).models()[-3:] == ["symbolic_moe", "llm:moa", "llm-0"]


@pytest.mark.parametrize("fields", [REFUSED, ChatRequest.model_fields, Extension.model_fields])
def test_every_field_is_documented(fields: Iterable[str]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "serve.md").read_text()
    assert [name for name in fields if f"`{name}`" not in text] == []


def test_a_setting_of_the_environment_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_RUNNING", "many")
    with pytest.raises(InputError, match=r"SMACS_SERVER_\.\.\..*`running`.*got 'many'"):
        load_settings()
    monkeypatch.setenv("SMACS_SERVER_RUNNING", "3")
    assert (load_settings().running, load_settings(running=4).running) == (3, 4)
