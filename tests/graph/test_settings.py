"""Where a question's settings come from, which win, and what is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from smacs.errors import InputError
from smacs.graph.settings import make_settings, run_settings, settings_form
from smacs.nodes.shared.settings import Settings
from smacs.pool.pool import Pool

MakePool = Callable[..., Pool]


@pytest.fixture
def make_pool() -> MakePool:
    """A pool of `size` LLMs that nobody calls, with `settings` in its file."""

    def make(size: int = 8, **settings: Any) -> Pool:
        llms = {f"llm-{i}": {"endpoint": "http://127.0.0.1:1/v1"} for i in range(size)}
        return Pool.from_dict({"aggregators": ["llm-0"], "llms": llms, "settings": settings}, source="test pool")

    return make


def test_the_defaults_are_the_papers(make_pool: MakePool) -> None:
    settings = make_settings(make_pool())
    assert (settings.k, settings.k_drop, settings.n, settings.n_base) == (7, 1, 8, 400)
    assert (settings.gamma, settings.lam, settings.perplexity) == (0.95, 1.0, "paper")
    assert settings.sampling == {"temperature": 0.7, "presence_penalty": 1.05, "max_tokens": 8192}


@pytest.mark.parametrize(
    ("size", "k", "k_drop", "enough"),
    [(1, 1, 0, 1), (2, 2, 1, 1), (6, 6, 1, 3), (7, 7, 1, 4), (15, 7, 1, 4)],
)
def test_k_is_seven_or_the_whole_pool(make_pool: MakePool, size: int, k: int, k_drop: int, enough: int) -> None:
    settings = make_settings(make_pool(size))
    assert (settings.k, settings.k_drop, settings.enough) == (k, k_drop, enough)


def test_the_pool_file_wins_over_defaults_what_is_given_over_the_pool_file_and_the_context_over_all(
    make_pool: MakePool,
) -> None:
    pool = make_pool(k=5, n=4, gamma=0.5)
    defaults = make_settings(pool, {"n": 3, "lam": 2.0})
    settings = run_settings({"smacs": {"lam": 0.5}}, pool, defaults)
    assert (settings.k, settings.n, settings.gamma, settings.lam, settings.n_base) == (5, 3, 0.5, 0.5, 400)


def test_of_given_settings_only_those_that_were_set_count(make_pool: MakePool) -> None:
    """`Settings(n=2)` has a gamma of 0.95, but its maker never asked for it."""
    settings = make_settings(make_pool(gamma=0.5), {"n": 3, "lam": 2.0}, None, Settings(n=2))
    assert (settings.gamma, settings.n, settings.lam) == (0.5, 2, 2.0)
    assert make_settings(make_pool(gamma=0.5), Settings(gamma=0.95)).gamma == 0.95


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k": 0}, "`k`: Input should be greater than or equal to 1, got '0'"),
        ({"k": 9}, "Setting k: expected at most 8, the LLMs of the pool (llm-0, llm-1, llm-2, llm-3, "),
        ({"k": 3, "k_drop": 3}, "Setting k_drop: expected less than k = 3, got 3"),
        ({"k": 3, "quorum": 4}, "Setting quorum: expected at most k = 3, got 4"),
        ({"aggregator": "nobody"}, "Setting aggregator: expected one of llm-0, llm-1, "),
        ({"n": "many"}, "`n`: Input should be a valid integer"),
        ({"gamma": 1.5}, "`gamma`: Input should be less than or equal to 1, got '1.5'"),
        ({"perplexity": "both"}, "`perplexity`: Input should be 'paper' or 'bounded', got 'both'"),
        ({"lambda": 1.0}, "`lambda`: Extra inputs are not permitted"),
        ({"lam": float("nan")}, "`lam`: Input should be a finite number"),
        ({"deadline": float("inf")}, "`deadline`: Input should be a finite number"),
        ({"k": True}, "`k`: expected a number or a text, not true or false"),
        ({"n": 0, "lam": -1}, "`lam`: Input should be greater than or equal to 0, got '-1'"),
    ],
)
def test_what_does_not_fit_is_named(make_pool: MakePool, given: dict[str, Any], said: str) -> None:
    for make in (lambda: make_settings(make_pool(), given), lambda: make_settings(make_pool(**given))):
        with pytest.raises(InputError) as caught:
            make()
        assert said in str(caught.value)


@dataclass
class AgentContext:
    """The context of somebody else's agent."""

    user: str = "me"
    smacs: dict[str, Any] | Settings | None = None


@pytest.mark.parametrize(
    "context", [None, {}, {"user": "me", "k": 1}, {"smacs": None}, {"smacs": {}}, AgentContext(), "text", object()]
)
def test_a_context_that_says_nothing_leaves_the_defaults(make_pool: MakePool, context: Any) -> None:
    pool = make_pool(n=3)
    defaults = make_settings(pool)
    assert run_settings(context, pool, defaults) is defaults


@pytest.mark.parametrize(
    "context",
    [
        Settings(k=2),
        {"user": "me", "smacs": {"k": 2}},
        {"smacs": Settings(k=2)},
        AgentContext(smacs={"k": 2}),
        AgentContext(smacs=Settings(k=2)),
    ],
)
def test_a_context_overrides_what_it_names(make_pool: MakePool, context: Any) -> None:
    pool = make_pool(n=3)
    settings = run_settings(context, pool, make_settings(pool, {"gamma": 0.5}))
    assert (settings.k, settings.n, settings.gamma) == (2, 3, 0.5)


def test_asking_a_single_referencer_drops_none_unless_said_otherwise(make_pool: MakePool) -> None:
    pool = make_pool(4)
    assert run_settings(Settings(k=1), pool, make_settings(pool)).k_drop == 0
    with pytest.raises(InputError, match="k_drop: expected less than k = 1, got 1"):
        run_settings(Settings(k=1, k_drop=1), pool, make_settings(pool))


def test_a_context_is_checked_against_the_pool(make_pool: MakePool) -> None:
    pool = make_pool(4)
    with pytest.raises(InputError, match="Setting k: expected at most 4"):
        run_settings(AgentContext(smacs={"k": 5}), pool, make_settings(pool))


def test_the_form_has_the_defaults_and_limits_of_the_pool(make_pool: MakePool) -> None:
    pool = make_pool(4, n=3)
    schema = settings_form(pool, make_settings(pool, {"gamma": 0.5}))
    fields = schema.model_json_schema()["properties"]
    assert {name: field["default"] for name, field in fields.items()} == Settings().model_dump() | {
        "k": 4, "n": 3, "gamma": 0.5
    }  # fmt: skip
    assert (fields["k"]["minimum"], fields["k"]["maximum"]) == (1, 4)
    assert (fields["k_drop"]["minimum"], fields["k_drop"]["exclusiveMaximum"]) == (0, 4)
    assert all(field["description"] for field in fields.values())


def test_what_the_form_gives_is_settings_of_which_those_set_count(make_pool: MakePool) -> None:
    pool = make_pool(4, n=3)
    defaults = make_settings(pool, {"gamma": 0.5})
    schema = settings_form(pool, defaults)
    assert run_settings(schema.model_validate({"k": 2}), pool, defaults) == make_settings(pool, {"gamma": 0.5, "k": 2})
    with pytest.raises(ValidationError, match="less than or equal to 4"):
        schema.model_validate({"k": 5})


def test_the_form_of_one_pool_leaves_the_settings_of_others_alone(make_pool: MakePool) -> None:
    small = make_pool(2, n=3)
    settings_form(small, make_settings(small))
    assert Settings(k=9).n == 8


@pytest.mark.parametrize(
    ("of_the_pool", "of_the_run", "k", "k_drop"),
    [
        ({"k": 1}, {"k": 4}, 4, 1),  # the pool's 0 was only what follows from its k
        ({"k": 4}, {"k": 1}, 1, 0),
        ({"k": 4}, {"k": "1"}, 1, 0),
        ({}, {"k": 1}, 1, 0),
        ({"k": 1}, {}, 1, 0),
        ({"k": 4, "k_drop": 0}, {"k": 3}, 3, 0),  # that 0 was set
        ({"k": 4, "k_drop": 2}, {"k": 3}, 3, 2),
    ],
)
def test_how_many_are_dropped_follows_k_unless_it_was_set(
    make_pool: MakePool, of_the_pool: dict[str, Any], of_the_run: dict[str, Any], k: int, k_drop: int
) -> None:
    pool = make_pool(**of_the_pool)
    settings = run_settings({"smacs": of_the_run}, pool, make_settings(pool))
    assert (settings.k, settings.k_drop) == (k, k_drop)
    assert (settings.model_fields_set >= {"k_drop"}) == ("k_drop" in of_the_pool)


def test_a_quorum_of_the_pool_file_does_not_fit_every_k(make_pool: MakePool) -> None:
    pool = make_pool(quorum=4)
    with pytest.raises(InputError, match="Setting quorum: expected at most k = 2, got 4"):
        run_settings({"smacs": {"k": 2}}, pool, make_settings(pool))


def test_what_are_no_settings_is_said(make_pool: MakePool) -> None:
    with pytest.raises(InputError, match=r"Settings: expected a mapping, .* got str"):
        run_settings({"smacs": "k=3"}, make_pool(), make_settings(make_pool()))
