"""Ceilings: the product of what is asked for, worked out by hand for each system."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import CeilingError, InputError
from smacs.graph.ceilings import Ceilings
from smacs.graph.settings import Rules, rules_of
from smacs.graph.systems import SYSTEMS
from smacs.nodes.shared.settings import Settings
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank


def pool_of(size: int = 4, **settings: Any) -> Pool:
    endpoint = {"endpoint": "http://127.0.0.1:1/v1"}
    llms = {f"llm-{i}": endpoint for i in range(size)}
    embedder = {"kind": "openai", "model": "mock-embedder", **endpoint}
    return Pool.from_dict({"aggregators": ["llm-0"], "llms": llms, "embedder": embedder, "settings": settings})


@pytest.fixture
def rules(bank: QuestionBank) -> Callable[..., Rules]:
    """The rules of a system over four LLMs, with these settings in the pool file."""
    return lambda system, **settings: rules_of(SYSTEMS[system](pool_of(**settings), bank))


@pytest.mark.parametrize(
    ("system", "completions"),
    [
        ("smacs", 3 + 5),  # references, candidates
        ("simple_router", 1),
        ("majority_voting", 4),  # all LLMs, whatever k
        ("self_consistency", 5 + 1),  # samples, the choice among them
        ("self_moa", 5 + 1),
        ("moa", 4 + 1),
        ("symbolic_moe", 1 + 3 + 1),  # skills, references, the one candidate
        ("single_llm", 1),
    ],
)
def test_what_each_system_makes_of_a_question(rules: Callable[..., Rules], system: str, completions: int) -> None:
    own = rules(system, n=5, max_tokens=100)
    settings = own.settings({"smacs": {"k": 3}})
    assert own.most_tokens(settings, answers=2) == 2 * completions * 100
    own.ceilings = Ceilings(completions=2 * completions)
    own.settings({"smacs": {"k": 3}}, answers=2)
    with pytest.raises(CeilingError, match=rf"= {3 * completions} completions; .* allows {2 * completions} at most"):
        own.settings({"smacs": {"k": 3}}, answers=3)


def test_the_product_is_worked_out(rules: Callable[..., Rules]) -> None:
    own = rules("smacs")
    own.ceilings = Ceilings(completions=256)
    with pytest.raises(InputError) as caught:
        own.settings({"smacs": {"n": 256}}, answers=8)
    assert str(caught.value) == (
        "Too much is asked for at once: 8 answers x (4 references + 256 candidates) = 2,080 completions; this server "
        "allows 256 at most (SMACS_SERVER_MAX_COMPLETIONS, set by its operator). Lower n, or k and n of the settings."
    )
    own.ceilings = Ceilings(tokens=1_000_000)
    with pytest.raises(InputError, match=r"4 references \+ 8 candidates = 12 completions of up to 100,000 tokens ="):
        own.settings({"smacs": {"max_tokens": 100_000}})


@pytest.mark.parametrize(
    ("ceilings", "asked", "said"),
    [
        (Ceilings(k=2), {"k": 3}, r"Setting k: this server allows 2 at most \(SMACS_SERVER_MAX_K,"),
        (Ceilings(n=9), {"n": 10}, r"Setting n: this server allows 9 at most \(SMACS_SERVER_MAX_CANDIDATES,"),
        (Ceilings(deadline=60), {"deadline": 61}, r"Setting deadline: this server allows 60 at most .*, got 61"),
    ],
)
def test_each_setting_has_a_ceiling_that_the_pool_files_own_is_never_over(
    rules: Callable[..., Rules], ceilings: Ceilings, asked: dict[str, Any], said: str
) -> None:
    own = rules("smacs", k=2, n=4, deadline=30)
    own.ceilings = ceilings
    with pytest.raises(CeilingError, match=said):
        own.settings({"smacs": asked})
    generous = rules("smacs", **{"k": 2, "n": 4, "deadline": 30} | asked)
    generous.ceilings = ceilings
    generous.settings(None)
    generous.settings({"smacs": asked})


@given(st.integers(1, 9), st.integers(1, 50), st.integers(1, 50), st.integers(1, 5000))
def test_nothing_passes_that_is_over_a_ceiling(answers: int, references: int, candidates: int, max_tokens: int) -> None:
    ceilings, own = Ceilings(completions=100, tokens=50_000), Settings(max_tokens=1)
    work = {"references": references, "candidates": candidates}
    count = answers * (references + candidates)
    try:
        ceilings.check(Settings(max_tokens=max_tokens), own, work, {"references": 1}, answers)
    except CeilingError:
        assert count > 100 or count * max_tokens > 50_000
    else:
        assert count <= 100
        assert count * max_tokens <= 50_000
