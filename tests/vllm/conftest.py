"""Real vLLM on this machine's CPU, for `make test-vllm`: one server of SmolLM2 for all tests, started with `up`."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from smacs.paths import home
from smacs.pool.calls.llm import LLM
from smacs.pool.config import LLMSpec
from smacs.pool.launch import servers
from smacs.pool.launch.engines.llamacpp import LlamaCppLaunch
from smacs.pool.launch.engines.vllm import find_python
from smacs.pool.launch.weights.files import pull
from smacs.pool.pool import Pool

SMOLLM = "smollm2-135m"
SCRIPT = Path(__file__).with_name("gguf_to_safetensors.py")
ENVIRONMENT = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
}

Counters = Callable[[], dict[str, float]]
SpecOf = Callable[[str], LLMSpec]


@pytest.fixture(scope="session")
def spec_of() -> Iterator[SpecOf]:
    """How vLLM serves an LLM of the local pool; its weights are converted once, and kept beside the GGUF file."""
    python, own = find_python(), str(home())
    local = Pool.load("local").file.llms

    def make(name: str) -> LLMSpec:
        launch = local[name].launch
        assert isinstance(launch, LlamaCppLaunch)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SMACS_HOME", own)
            source = pull(launch.file)
        folder = source.with_name(f"{name}-safetensors")
        if not folder.exists():
            subprocess.run([python, str(SCRIPT), str(source), str(folder)], check=True)
        return vllm_spec(folder)

    with pytest.MonkeyPatch.context() as patch:
        for variable, value in ENVIRONMENT.items():
            patch.setenv(variable, value)
        yield make


def vllm_spec(folder: Path) -> LLMSpec:
    # Blocks of the prefix cache are 16 tokens on a GPU and 128 on a CPU: 32 is the nearest that a CPU can do.
    options: dict[str, Any] = {"dtype": "bfloat16", "enforce-eager": True, "block-size": 32}
    # So that a grammar can make a small LLM think, which it does not by itself.
    options["structured-outputs-config"] = {"enable_in_reasoning": True}
    launch = {"engine": "vllm", "hub": str(folder), "reasoning_parser": "granite", "options": options, "ready": 600}
    return LLMSpec.model_validate({"context": 4096, "deadline": 300, "launch": launch})


@pytest.fixture(scope="session")
def smollm(spec_of: SpecOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LLMSpec]:
    """SmolLM2, up with its supervisor; the spec names its endpoint."""
    spec = spec_of(SMOLLM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMACS_HOME", str(tmp_path_factory.mktemp("vllm-home")))
        try:
            urls = servers.up({SMOLLM: spec}, progress=print)
            yield spec.model_copy(update={"endpoint": urls[SMOLLM]})
        finally:
            servers.down()


@pytest.fixture
def llm(smollm: LLMSpec) -> LLM:
    return LLM(SMOLLM, smollm)


@pytest.fixture
def counters(smollm: LLMSpec) -> Counters:
    """vLLM's own counters: prompt tokens that the prefix cache was asked for (`queries`), and that it had (`hits`)."""
    assert smollm.endpoint
    url = f"{smollm.endpoint.removesuffix('/v1')}/metrics"

    def read() -> dict[str, float]:
        lines = httpx2.get(url, trust_env=False).raise_for_status().text.splitlines()
        return {name: total(lines, f"vllm:prefix_cache_{name}_total") for name in ("queries", "hits")}

    return read


def total(lines: list[str], counter: str) -> float:
    """The sum of a counter of Prometheus over its labels."""
    values = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(counter)]
    assert values, f"vLLM has no counter {counter}"
    return sum(values)
