"""The two ways to launch an LLM, told apart by `engine`."""

from typing import Any

import pytest

from smacs.errors import PoolError
from smacs.pool.launch.engines.llamacpp import LlamaCppLaunch
from smacs.pool.launch.engines.vllm import VllmLaunch
from smacs.pool.pool import Pool

FILE = {"name": "a.gguf", "sha256": "0" * 64, "size": 1, "hub": "me/a-GGUF"}
SHAPE = {"parameters": 1, "layers": 2, "heads": 4, "kv_heads": 2, "head_dim": 8}


def loaded(launch: Any) -> Any:
    return Pool.from_dict({"aggregators": ["a"], "llms": {"a": {"launch": launch}}}).file.llms["a"].launch


def test_without_an_engine_it_is_llama_cpp() -> None:
    launch = loaded({"file": FILE})
    assert isinstance(launch, LlamaCppLaunch) and launch.hub_id == "me/a-GGUF"
    assert loaded({"engine": "llamacpp", "file": FILE}) == launch


def test_vllm() -> None:
    launch = loaded({"engine": "vllm", "hub": "me/a", "shape": SHAPE, "options": {"enforce-eager": True}})
    assert isinstance(launch, VllmLaunch) and launch.hub == "me/a" and launch.shape
    assert (launch.replicas, launch.tensor_parallel, launch.shape.weight_bytes) == (1, None, 2.0)


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        ({"engine": "tgi"}, "expected tags: 'llamacpp', 'vllm'"),
        ({"engine": "vllm"}, "vllm.hub`: Field required"),
        ({"engine": "vllm", "hub": "me/a", "file": FILE}, "vllm.file`: Extra inputs"),
        ({"engine": "vllm", "hub": "me/a", "shape": SHAPE | {"heads": 5}}, "multiple of `kv_heads`, got 5 and 2"),
        ({"engine": "vllm", "hub": "me/a", "yarn": {"factor": 1, "original": 2, "theta": 3}}, "vllm.yarn.factor`"),
        ({"file": 3}, "llamacpp.file`"),
        (3, "llamacpp`"),
    ],
)
def test_what_is_wrong_is_named(launch: Any, said: str) -> None:
    with pytest.raises(PoolError) as caught:
        loaded(launch)
    assert said in str(caught.value)
