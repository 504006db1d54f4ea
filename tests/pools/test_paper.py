"""`pools/paper.toml`: the paper's pool, complete and startable."""

import shlex
from pathlib import Path

import pytest

from smacs.nodes.shared.settings import Settings
from smacs.pool.launch.engines.vllm import VllmLaunch
from smacs.pool.launch.gpus.memory import kv_bytes_per_token
from smacs.pool.pool import Pool
from smacs.store.imports.names import LLMNames

PAPER = Pool.load("paper").file
LAUNCHES = {name: spec.launch for name, spec in PAPER.llms.items() if isinstance(spec.launch, VllmLaunch)}
KNOWN = set((Path(__file__).parents[1] / "pool" / "samples" / "vllm-0.32.0.txt").read_text("utf-8").splitlines())
# What the authors' released bank calls the fifteen.
THEIRS = [
    *("Qwen2.5-32b-Instruct", "Meta-Llama-3.3-70B-Instruct", "HuatuoGPT-o1-72B", "Llama-3_3-Nemotron-Super-49B-v1"),
    *("internlm2_5-20b-chat", "R1-distill-llama32b", "Qwen2.5-72b-Instruct", "Qwen2.5-Coder-32b-Instruct", "QwQ-32B"),
    *("Qwen3-32B", "GLM-Z1-32B-0414", "R1-distill-llama70b", "TeleChat2-35B-32K", "EXAONE-Deep-32B", "gemma_3_27b_it"),
]


def test_it_has_the_fifteen_and_the_embedder() -> None:
    assert len(PAPER.llms) == len(LAUNCHES) == 15
    assert PAPER.aggregators[0] == "Llama-3.3-70B-Instruct"
    assert PAPER.embedder and PAPER.embedder.dimension == 4096
    assert PAPER.embedder_launch and PAPER.embedder_launch.hub_id == PAPER.embedder.model


def test_the_names_of_the_authors_bank_are_known() -> None:
    names = LLMNames({}, PAPER)
    assert {names(theirs) for theirs in THEIRS} == set(PAPER.llms)


def test_its_settings_are_the_papers() -> None:
    assert Settings(**PAPER.settings) == Settings(deadline=PAPER.settings["deadline"])


@pytest.mark.parametrize("name", LAUNCHES)
def test_windows_hold_what_is_read_and_written(name: str) -> None:
    spec, launch = PAPER.llms[name], LAUNCHES[name]
    replies = (7 + 1) * 8192 if name in PAPER.aggregators else 2 * 8192
    assert spec.context >= replies
    assert launch.yarn is None or spec.context <= launch.yarn.factor * launch.yarn.original
    assert (launch.reasoning_parser is None) == (spec.thinking != "field")
    assert launch.reasoning_parser is None or launch.reasoning_parser in KNOWN


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Llama-3.3-70B-Instruct", 327_680),  # 2 x 80 x 8 x 128 x 2
        ("Qwen3-32B", 262_144),  # 2 x 64 x 8 x 128 x 2
        ("GLM-Z1-32B-0414", 62_464),  # 2 x 61 x 2 x 128 x 2
        ("TeleChat2-35B-32K", 1_572_864),  # 2 x 64 x 48 x 128 x 2
        ("Llama-3.3-Nemotron-Super-49B-v1", 200_704),  # 2 x 49 x 8 x 128 x 2
    ],
)
def test_bytes_of_a_token(name: str, expected: int) -> None:
    shape = LAUNCHES[name].shape
    assert shape and kv_bytes_per_token(shape) == expected


@pytest.mark.parametrize("name", LAUNCHES)
def test_every_flag_is_one_of_vllm(name: str) -> None:
    words = LAUNCHES[name].arguments(name, context=1, host="h", port=1, tensor_parallel=1, memory=0.5)
    assert words[0] == LAUNCHES[name].hub
    assert {word for word in words if word.startswith("--")} <= KNOWN


def test_yarn_names_the_longer_window_too() -> None:
    words = LAUNCHES["Qwen2.5-72B-Instruct"].arguments("q", context=65536)
    assert shlex.join(words).endswith(
        """--hf-overrides '{"rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 2.0, """
        """"original_max_position_embeddings": 32768}, "max_position_embeddings": 65536}'"""
    )


def test_options_become_flags_and_win() -> None:
    launch = VllmLaunch(
        engine="vllm",
        hub="me/it",
        memory=0.4,
        context=7,
        options={
            "enforce_eager": True,
            "async-scheduling": False,
            "block-size": 128,
            "cudagraph-capture-sizes": [1, 2],
            "enable_prefix_caching": False,
            "compilation-config": {"level": 3},
        },
    )
    assert shlex.join(launch.arguments("it", context=9, memory=0.9, tensor_parallel=2)) == (
        "me/it --served-model-name it --tensor-parallel-size 2 --max-model-len 7 --gpu-memory-utilization 0.4 "
        "--no-enable-prefix-caching --enforce-eager --no-async-scheduling --block-size 128 "
        """--cudagraph-capture-sizes 1 2 --compilation-config '{"level": 3}'"""
    )
