"""The pool file: what is wrong with it is said with file and key."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import EmbedderMismatchError, PoolError
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool, shipped_pools

ONE = {"endpoint": "http://127.0.0.1:1/v1"}


def test_the_shipped_pool_loads_by_name() -> None:
    pool = Pool.load("local")
    assert "local" in shipped_pools()
    assert len(pool.llms) == 4
    assert [llm.name for llm in pool.aggregators] == ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b"]
    assert pool.settings == {"k": 3, "n": 4, "n_base": 40, "max_tokens": 256}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"llms": {}}, "`llms`"),
        ({"llms": {"a": {"endpoint": "ftp://x"}}}, "`llms.a.endpoint`: expected a URL"),
        ({"llms": {"a": {}}}, "`llms.a`: expected `endpoint`"),
        ({"llms": {"a": ONE | {"contxt": 5}}}, "`llms.a.contxt`: Extra inputs"),
        ({"llms": {"a": ONE | {"in_flight": "many"}}}, "`llms.a.in_flight`: Input should be a valid integer"),
        (
            {"llms": {"a": ONE | {"sampling": {"temperature": 9}}}},
            "`llms.a.sampling.temperature`: Input should be less",
        ),
        ({"aggregators": ["b"]}, "aggregators names 'b'; the pool has a"),
        ({"aggregators": []}, "`aggregators`"),
        ({"embedder": {"query_template": "no placeholder"}}, "`embedder.query_template`: expected a template"),
        ({"embeder": {}}, "`embeder`: Extra inputs"),
    ],
)
def test_a_wrong_key_or_type_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PoolError) as caught:
        Pool.from_dict({"aggregators": ["a"], "llms": {"a": ONE}, **change}, source="my.toml")
    assert "my.toml" in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pool.toml"
    path.write_text("aggregators = ['a'\nllms = 3")
    with pytest.raises(PoolError, match=r"pool\.toml is no valid TOML: .*line 2"):
        Pool.load(path)


def test_a_missing_file_names_what_there_is() -> None:
    with pytest.raises(PoolError, match=r"'nowhere'.*local"):
        Pool.load("nowhere")


def test_another_embedder_than_the_banks_is_refused() -> None:
    pool = Pool.from_dict(
        {"aggregators": ["a"], "llms": {"a": ONE}, "embedder": {"model": "other", "dimension": 8}}, source="my.toml"
    )
    with pytest.raises(EmbedderMismatchError, match=r"'mine' \(4 dimensions\).*'other' \(8 dimensions\)"):
        pool.embedder(EmbedderSpec(model="mine", dimension=4))


def test_a_bank_whose_embedder_is_served_nowhere_is_refused() -> None:
    pool = Pool.from_dict({"aggregators": ["a"], "llms": {"a": ONE}}, source="my.toml")
    with pytest.raises(PoolError, match=r"\[embedder\] table with its `endpoint` in my\.toml"):
        pool.embedder(EmbedderSpec(kind="openai", model="mine", dimension=4))


def test_the_banks_templates_hold_whatever_the_pool_says() -> None:
    data = {"kind": "openai", "model": "m", "endpoint": "http://127.0.0.1:1/v1", "query_template": "Q: {text}"}
    pool = Pool.from_dict({"aggregators": ["a"], "llms": {"a": ONE}, "embedder": data})
    spec = pool.embedder(EmbedderSpec(kind="openai", model="m", dimension=4, query_template="Find: {text}")).spec
    assert spec.query_template == "Find: {text}"
    assert spec.endpoint == "http://127.0.0.1:1/v1"


DOCUMENT = Path(__file__).parents[2] / "docs" / "endpoints.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_pool_files_of_the_documentation_load(block: str) -> None:
    data = tomllib.loads(block)
    pool = Pool.from_dict({"aggregators": list(data["llms"])[:1], **data})
    assert pool.llms.keys() == data["llms"].keys()


@pytest.mark.parametrize(
    ("llm", "said"),
    [
        ({"leave_out": ["messages"]}, "can do without"),
        ({"rename": {"model": "name"}}, "can do without"),
        ({"leave_out": "n"}, "list"),
        ({"endpoint": "http://"}, "a URL with a host"),
        ({"endpoint": "http://host:port/v1"}, "a URL with a host"),
    ],
)
def test_what_cannot_be_left_out_or_reached_is_refused(llm: dict[str, object], said: str) -> None:
    with pytest.raises(PoolError, match=said):
        Pool.from_dict({"aggregators": ["a"], "llms": {"a": {"endpoint": "http://host/v1", **llm}}})
