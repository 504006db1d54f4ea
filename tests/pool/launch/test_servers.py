"""Servers that live and die: real llama.cpp processes, real kills. Those with a real LLM serve SmolLM2-135M."""

import functools
import hashlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil
import pytest

from smacs.errors import ServerError
from smacs.pool.config import LLMSpec
from smacs.pool.launch import servers
from smacs.pool.launch.engines.llamacpp import LlamaCppLaunch
from smacs.pool.launch.table import ModelFile

NAME = "team/smol:135m"

# Serves one LLM for as long as it lives; prints what happens.
PARENT = """
import sys
from smacs.pool.config import LLMSpec
from smacs.pool.launch.servers import running
say = lambda text: print(text, flush=True)
with running({"smol": LLMSpec.model_validate_json(sys.argv[1])}, progress=say) as urls:
    say(urls["smol"])
    sys.stdin.read()
"""


def own_servers() -> list[psutil.Process]:
    """The LLM servers that this process has started and that still run."""
    return [
        child for child in psutil.Process().children() if "smacs.pool.launch.engines.llamacpp_server" in child.cmdline()
    ]


def start_parent(spec: LLMSpec) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PARENT, spec.model_dump_json()]
    interruptible = functools.partial(
        signal.signal, signal.SIGINT, signal.SIG_DFL
    )  # even under a shell that ignores it
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=interruptible)


def read_until(process: "subprocess.Popen[str]", word: str) -> str:
    assert process.stdout
    return next(line for line in process.stdout if word in line)


def assert_ends(processes: list[psutil.Process]) -> None:
    assert len(processes) == 1
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


def chat(url: str, text: str, **fields: object) -> httpx2.Response:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 4, **fields}
    return httpx2.post(f"{url}/chat/completions", json=body, timeout=120, trust_env=False)


@pytest.fixture
def broken(cache: Path, make_file: Callable[..., ModelFile]) -> LLMSpec:
    """An LLM whose file is there and has the right hash, but is no GGUF file."""
    content = b"no GGUF file"
    file = make_file(content, name="broken.gguf", sha256=hashlib.sha256(content).hexdigest())
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(content)
    return LLMSpec.model_validate({"launch": {"file": file.model_dump()}})


@pytest.mark.slow
def test_a_server_that_dies_says_why(cache: Path, broken: LLMSpec) -> None:
    told: list[str] = []
    with pytest.raises(ServerError) as caught, servers.running({NAME: broken}, progress=told.append):
        raise AssertionError("it cannot be up")
    text = str(caught.value)
    assert f"The server of {NAME} stopped while starting (exit 1)" in text
    assert "invalid magic characters" in text or "failed to load model" in text
    assert "broken.gguf" in text and str(cache / "logs") in text and "smacs models pull" in text
    assert told[-1] == f"starting {NAME}"
    assert own_servers() == []


@pytest.mark.slow
def test_up_leaves_nothing_when_a_server_dies(cache: Path, broken: LLMSpec) -> None:
    with pytest.raises(ServerError):
        servers.up({NAME: broken})
    assert servers.status() == [] and own_servers() == []


@pytest.mark.slow
def test_an_option_that_the_engine_does_not_know(broken: LLMSpec) -> None:
    assert broken.launch
    spec = broken.model_copy(update={"launch": broken.launch.model_copy(update={"options": {"n_ctxx": 1}})})
    with pytest.raises(ServerError, match=r"n_ctxx = 1 is refused by llama.cpp"), servers.running({NAME: spec}):
        pass


def test_llms_that_are_not_launched_are_left_alone(cache: Path) -> None:
    spec = LLMSpec.model_validate({"endpoint": "http://127.0.0.1:1/v1"})
    with servers.running({"remote": spec}) as urls:
        assert urls == {}


@pytest.mark.slow
def test_running_serves_within_the_block(smollm: LLMSpec) -> None:
    with servers.running({NAME: smollm}) as urls:
        (server,) = own_servers()
        reply = chat(urls[NAME], "Say hello.", logprobs=True, top_logprobs=1, temperature=0).json()
        assert reply["model"] == NAME
        assert len(reply["choices"][0]["logprobs"]["content"]) == reply["usage"]["completion_tokens"] == 4
        address = {connection.laddr.ip for connection in server.net_connections() if connection.status == "LISTEN"}
        assert address == {"127.0.0.1"}
        assert servers.status() == []
    assert not server.is_running()


@pytest.mark.slow
def test_one_request_may_use_the_whole_context(smollm: LLMSpec) -> None:
    with servers.running({NAME: smollm}) as urls:
        fits = chat(urls[NAME], "a " * 470, max_tokens=2)
        assert fits.status_code == 200 and 470 < fits.json()["usage"]["prompt_tokens"] < 512
        too_long = chat(urls[NAME], "a " * 520)
        assert too_long.status_code == 400
        assert too_long.json()["error"]["type"] == "exceed_context_size_error"


@pytest.mark.slow
def test_choices_of_one_request_differ_though_they_share_a_seed(smollm: LLMSpec) -> None:
    with servers.running({NAME: smollm}) as urls:
        reply = chat(urls[NAME], "A fact about cats?", n=2, seed=7, max_tokens=16, logprobs=True, top_logprobs=1).json()
    first, second = reply["choices"]
    assert first["message"]["content"] != second["message"]["content"]
    assert first["logprobs"]["content"] != second["logprobs"]["content"]


@pytest.mark.slow
def test_up_status_down(smollm: LLMSpec) -> None:
    urls = servers.up({NAME: smollm})
    try:
        (status,) = servers.status()
        assert (status.llm, status.healthy, urls[NAME]) == (NAME, True, f"http://127.0.0.1:{status.port}/v1")
        assert status.memory > 50e6 and status.uptime > 0
        assert servers.endpoint_of(NAME) == urls[NAME]
        assert servers.up({NAME: smollm}) == urls
        with servers.running({NAME: smollm}) as used:
            assert used == urls
        assert [again.pid for again in servers.status()] == [status.pid]
    finally:
        stopped = servers.down()
    assert stopped == [NAME] and servers.status() == []
    assert not psutil.pid_exists(status.pid)


@pytest.mark.slow
def test_what_is_up_survives_the_command_that_started_it(smollm: LLMSpec) -> None:
    code = (
        "import sys; from smacs.pool.config import LLMSpec; from smacs.pool.launch.servers import up;"
        "up({'smol': LLMSpec.model_validate_json(sys.argv[1])})"
    )
    subprocess.run([sys.executable, "-c", code, smollm.model_dump_json()], check=True)
    try:
        assert [(status.llm, status.healthy) for status in servers.status()] == [("smol", True)]
    finally:
        assert servers.down() == ["smol"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["starting", "http://"], ids=["while starting", "while serving"])
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_the_parent(smollm: LLMSpec, moment: str, death: signal.Signals) -> None:
    with start_parent(smollm) as parent:
        read_until(parent, moment)
        children = psutil.Process(parent.pid).children()
        parent.send_signal(death)
        assert_ends(children)


@pytest.mark.slow
def test_a_server_that_ignores_sigterm_is_killed(smollm: LLMSpec) -> None:
    with servers.running({NAME: smollm}):
        (server,) = own_servers()
        server.suspend()  # a stopped process does not see SIGTERM
    assert not server.is_running()


@pytest.mark.slow
def test_a_port_that_is_taken(smollm: LLMSpec) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        spec = smollm.model_copy(update={"endpoint": endpoint})
        with pytest.raises(ServerError, match=r"couldn't bind"), servers.running({NAME: spec}):
            pass


@pytest.mark.slow
def test_the_endpoint_of_the_pool_file_is_the_port(smollm: LLMSpec) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    with servers.running({NAME: smollm.model_copy(update={"endpoint": endpoint})}) as urls:
        assert urls == {NAME: endpoint}


@pytest.mark.slow
def test_an_llm_that_is_up_with_other_weights(smollm: LLMSpec) -> None:
    assert isinstance(smollm.launch, LlamaCppLaunch)
    file = smollm.launch.file.model_copy(update={"name": "other.gguf"})
    other = smollm.model_copy(update={"launch": smollm.launch.model_copy(update={"file": file})})
    servers.up({NAME: smollm})
    try:
        with pytest.raises(ServerError, match=r"is up with .*SmolLM2.*; stop it first: smacs models down"):
            servers.up({NAME: other})
    finally:
        servers.down()
