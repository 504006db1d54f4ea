"""vLLM as an engine: its environment, its command, its GPUs, and the tie to us. Its server here is a mock."""

import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from smacs.errors import InputError, ServerError
from smacs.pool.config import LLMSpec
from smacs.pool.launch import lifeline, servers
from smacs.pool.launch.engines import Order
from smacs.pool.launch.engines.vllm import ENGINE, VllmLaunch, find_python
from smacs.pool.launch.process import Job
from smacs.progress import silent

SHAPE = {"parameters": 1.0, "layers": 2, "heads": 4, "kv_heads": 2, "head_dim": 8}


def spec(**launch: Any) -> LLMSpec:
    return LLMSpec.model_validate({"context": 4096, "launch": {"engine": "vllm", "hub": "owner/name", **launch}})


def job(copy: int = 0, busy: tuple[int, ...] = (), **launch: Any) -> Job:
    table = VllmLaunch.model_validate({"engine": "vllm", "hub": "owner/name", **launch})
    (found,) = ENGINE.jobs([Order("big", copy, "big", table, 4096, 32, 8123)], busy, silent)
    return found


def test_no_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMACS_VLLM", raising=False)
    with pytest.raises(ServerError, match=r"SMACS_VLLM does not say where it is; make one with: python3 -m venv"):
        find_python()


def test_the_environment_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_VLLM", "/nowhere/bin/python")
    with pytest.raises(ServerError, match=r"'/nowhere/bin/python'; expected the folder .* No such file"):
        find_python()


def test_the_environment_has_no_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_VLLM", sys.executable)
    with pytest.raises(ServerError, match=r"its Python finds no package vllm"):
        find_python()


def test_the_command(fake_vllm: Path) -> None:
    made = job(gpus=[2, 3], memory=0.8, revision="abc", reasoning_parser="qwen3", ready=60)
    python, tie, module, model, hub, *flags = made.command
    assert (python, tie) == (find_python(), lifeline.__file__)
    assert (module, model, hub) == ("vllm.entrypoints.openai.api_server", "--model", "owner/name")
    pairs = dict(pairwise(flags))
    wanted = {"--served-model-name": "big", "--host": "127.0.0.1", "--port": "8123", "--max-model-len": "4096"}
    wanted |= {"--tensor-parallel-size": "2", "--gpu-memory-utilization": "0.8", "--reasoning-parser": "qwen3"}
    assert wanted.items() <= pairs.items()
    assert made.environment == {"CUDA_VISIBLE_DEVICES": "2,3"}
    assert (made.ready, made.weights) == (60, "owner/name@abc")


def test_each_replica_has_its_own_gpus(fake_vllm: Path) -> None:
    launch: dict[str, Any] = {"gpus": [0, 1, 4, 5], "replicas": 2}
    assert [job(copy, **launch).gpus for copy in (0, 1)] == [(0, 1), (4, 5)]
    assert [job(copy, **launch).name for copy in (0, 1)] == ["big", "big#2"]
    with pytest.raises(ServerError, match=r"`gpus` names 4; expected 3 for each of 2 replicas"):
        job(1, tensor_parallel=3, **launch)


def test_without_gpus_none_are_named(fake_vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert job().environment == {}


@pytest.mark.usefixtures("two_gpus")
def test_the_plan_gives_gpus_that_nobody_uses(fake_vllm: Path) -> None:
    made = job(busy=(0,), shape=SHAPE)
    assert made.gpus == (1,)
    assert made.environment == {"CUDA_VISIBLE_DEVICES": "1"}
    assert "--gpu-memory-utilization" in made.command
    with pytest.raises(InputError, match=r"do not fit onto this machine"):
        job(busy=(0, 1), shape=SHAPE)


def test_a_server_that_dies_says_why(fake_vllm: Path, cache: Path) -> None:
    (fake_vllm / "broken").touch()
    with pytest.raises(ServerError) as caught, servers.running({"big": spec()}):
        raise AssertionError("it cannot be up")
    assert "The server of big stopped while starting (exit 1)" in str(caught.value)
    assert "no memory for the KV cache" in str(caught.value) and "smacs models plan" in str(caught.value)


@pytest.mark.slow
def test_the_tie_ends_a_server_with_its_workers(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(
        "import subprocess, sys\n"
        "print(subprocess.Popen(['sleep', '300']).pid, __name__, sys.argv[1], flush=True)\n"
        "import time; time.sleep(300)\n"
    )
    with subprocess.Popen(
        [sys.executable, lifeline.__file__, "worker", "--flag"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        pid, *said = process.stdout.readline().split()
        assert said == ["__main__", "--flag"]
        worker = psutil.Process(int(pid))
        process.stdin.close()
        assert process.wait(20) == -signal.SIGKILL
        _, alive = psutil.wait_procs([worker], timeout=20)
        assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
