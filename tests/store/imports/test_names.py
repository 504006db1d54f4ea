"""Whose name is whose."""

from typing import Any

import pytest

from smacs.errors import InputError
from smacs.pool.config import PoolFile
from smacs.store.imports.names import LLMNames, bare_name

# Hub names of the fifteen, and what the authors' bank calls them.
FIFTEEN = {
    "Qwen2.5-32b-Instruct": "Qwen/Qwen2.5-32B-Instruct",
    "Meta-Llama-3.3-70B-Instruct": "meta-llama/Llama-3.3-70B-Instruct",
    "HuatuoGPT-o1-72B": "FreedomIntelligence/HuatuoGPT-o1-72B",
    "Llama-3_3-Nemotron-Super-49B-v1": "nvidia/Llama-3_3-Nemotron-Super-49B-v1",
    "internlm2_5-20b-chat": "internlm/internlm2_5-20b-chat",
    "R1-distill-llama32b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "Qwen2.5-72b-Instruct": "Qwen/Qwen2.5-72B-Instruct",
    "Qwen2.5-Coder-32b-Instruct": "Qwen/Qwen2.5-Coder-32B-Instruct",
    "QwQ-32B": "Qwen/QwQ-32B",
    "Qwen3-32B": "Qwen/Qwen3-32B",
    "GLM-Z1-32B-0414": "THUDM/GLM-Z1-32B-0414",
    "R1-distill-llama70b": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "TeleChat2-35B-32K": "Tele-AI/TeleChat2-35B-32K",
    "EXAONE-Deep-32B": "LGAI-EXAONE/EXAONE-Deep-32B",
    "gemma_3_27b_it": "google/gemma-3-27b-it",
}


def pool(*names: str, **models: str) -> PoolFile:
    llms: dict[str, dict[str, Any]] = {name: {"endpoint": "http://x/v1"} for name in names}
    llms |= {name: {"endpoint": "http://x/v1", "model": model} for name, model in models.items()}
    return PoolFile.model_validate({"llms": llms, "aggregators": [next(iter(llms))]})


def test_the_fifteen_of_the_paper_find_their_hub_names() -> None:
    names = LLMNames({}, pool(*FIFTEEN.values()))
    assert {theirs: names(theirs) for theirs in FIFTEEN} == FIFTEEN
    assert names.mapped == FIFTEEN
    assert names.unmapped == []
    assert len({bare_name(name) for name in FIFTEEN}) == 15


def test_the_name_that_the_server_knows_counts_too() -> None:
    names = LLMNames({}, pool(coder="Qwen/Qwen2.5-Coder-32B-Instruct", small="acme/tiny"))
    assert names("qwen2.5 coder 32b instruct") == "coder"
    assert names("vllm/acme/Tiny") == "small"
    assert names("acme__tiny") == "small"


def test_rename_comes_first_and_the_unknown_stay() -> None:
    names = LLMNames({"QwQ-32B": "mine", "never": "there"}, pool("Qwen/QwQ-32B", "b"))
    assert (names("QwQ-32B"), names("B"), names("Other-7B")) == ("mine", "b", "Other-7B")
    assert names.mapped == {"QwQ-32B": "mine", "B": "b"}
    assert names.unmapped == ["Other-7B"]
    assert names.unused == ["never"]


def test_without_a_pool_nothing_is_unknown() -> None:
    names = LLMNames({})
    assert names("a") == "a"
    assert (names.mapped, names.unmapped) == ({}, [])


def test_a_name_that_two_llms_answer_to_stays() -> None:
    names = LLMNames({}, pool("one/QwQ-32B", "two/QwQ-32B"))
    assert names("qwq-32b") == "qwq-32b"


def test_two_llms_that_would_become_one() -> None:
    with pytest.raises(InputError, match="'a' and 'b' answered the same question, and both would be called 'c'"):
        LLMNames({"a": "c", "b": "c"}).all(["a", "b"])
