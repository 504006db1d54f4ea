"""Start several servers at once, and wait until they serve."""

import time
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from smacs.pool.config import LLMSpec
from smacs.pool.errors import ServerError
from smacs.pool.files import is_verified, path_of, pull
from smacs.pool.process import ServerProcess, stop_all
from smacs.pool.progress import Progress

DEADLINE = 300.0
POLL = 0.05


def start(llms: Mapping[str, LLMSpec], progress: Progress) -> dict[str, ServerProcess]:
    """Fetch the weights where they are missing, start a server for each LLM and wait until all of them serve.

    Raises:
        ModelFileError: the weights cannot be fetched.
        ServerError: the engine is not installed, or a server does not start. None is left running then.
    """
    if llms and find_spec("xllamacpp") is None:
        raise ServerError("The engine for local LLMs is not installed: pip install 'smacs[local]'")
    files = {name: _weights(name, spec, progress) for name, spec in llms.items()}
    started: dict[str, ServerProcess] = {}
    try:
        for name, spec in llms.items():
            started[name] = ServerProcess(name, spec, files[name])
        _wait(started.values(), progress)
    except BaseException:
        stop_all(started.values())
        raise
    return started


def _weights(name: str, spec: LLMSpec, progress: Progress) -> Path:
    assert spec.launch
    file, told = spec.launch.file, ""

    def tell(done: int, doing: str) -> None:
        nonlocal told
        if doing != told:
            progress(f"{name}: {doing}, {done / 1e6:.0f} of {file.size / 1e6:.0f} MB")
            told = doing

    return path_of(file) if is_verified(file) else pull(file, progress=tell)


def _wait(servers: Iterable[ServerProcess], progress: Progress) -> None:
    begin = time.monotonic()
    waiting = list(servers)
    if waiting:
        progress(f"starting {', '.join(server.llm for server in waiting)}")
    while waiting:
        for server in [server for server in waiting if server.ready()]:
            progress(f"{server.llm} is up after {time.monotonic() - begin:.1f} s")
            waiting.remove(server)
        if time.monotonic() - begin > DEADLINE:
            raise ServerError(waiting[0].describe_failure(f"was not ready within {DEADLINE:.0f} s"))
        time.sleep(POLL)
