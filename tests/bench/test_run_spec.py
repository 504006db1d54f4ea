from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.bench.run.spec import Spec, parse_spec, split_specs
from smacs.errors import InputError
from smacs.pool.pool import Pool


def test_a_name_alone() -> None:
    assert parse_spec("moa") == Spec("moa")


def test_settings_are_numbers_where_they_look_like_numbers() -> None:
    assert parse_spec("smacs[k=3,lam=0.5,aggregator=qwen2.5-coder-1.5b]").settings == {
        "k": 3,
        "lam": 0.5,
        "aggregator": "qwen2.5-coder-1.5b",
    }


def test_a_single_llm_and_a_part_of_the_pool() -> None:
    assert parse_spec("llm:a/b") == Spec("single_llm", "a/b")
    assert parse_spec("smacs[pool=a+b,k=2]") == Spec("smacs", None, {"k": 2}, ("a", "b"))


def test_the_llms_that_a_system_may_ask(make_pool: Callable[..., Pool]) -> None:
    pool = make_pool(["a", "b", "c"])
    asked = {text: parse_spec(text).llms(pool) for text in ("moa", "llm:b", "smacs[pool=a+c]")}
    assert asked == {"moa": ["a", "b", "c"], "llm:b": ["b"], "smacs[pool=a+c]": ["a", "c"]}


def test_the_order_of_settings_makes_no_other_system() -> None:
    assert str(parse_spec("smacs[ n=1 , k_drop=0 ]")) == str(parse_spec("smacs[k_drop=0,n=1]")) == "smacs[k_drop=0,n=1]"


def test_commas_within_brackets_do_not_end_a_spec() -> None:
    assert split_specs("smacs[k=3,lam=0], moa,,llm:a") == ["smacs[k=3,lam=0]", "moa", "llm:a"]


@pytest.mark.parametrize("wrong", ["", "smacs[k]", "smacs[=3]", "smacs[k=]", "smacs[k=3", "smacs]k["])
def test_what_is_no_spec_is_named(wrong: str) -> None:
    with pytest.raises(InputError, match="System"):
        parse_spec(wrong)


NAME = st.text("abcxyz-_.0123456789", min_size=1, max_size=8).filter(lambda text: text.strip())


@given(
    NAME,
    st.dictionaries(st.text("abcxyz_", min_size=1, max_size=6).filter(lambda k: k != "pool"), st.integers(0, 99)),
    st.lists(NAME, max_size=3),
)
def test_what_is_written_is_read_again(system: str, settings: dict[str, int], pool: list[str]) -> None:
    spec = Spec(system, None, settings, tuple(pool))
    assert parse_spec(str(spec)) == spec
