"""The mock as a process of its own, from Python: `with MockServer() as mock: ...`."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import httpx2
import msgspec

from tools.launch import environment
from tools.mock.behaviour import Behaviour, Stats

LIMIT = 60.0  # seconds for an answer of its `/control`: the machine may be busy


class MockServer:
    """A mock LLM server on 127.0.0.1; it stops with the block, and when this process dies.

    `latency` is in seconds, `tokens` is the length of a reply, `dimension` that of an embedding, `port` 0 takes a free
    one. `url` is the base URL for a pool file, ending in /v1.
    """

    def __init__(self, *, latency: float = 0.0, tokens: int = 500, dimension: int = 384, port: int = 0) -> None:
        self.options = [f"--latency={latency}", f"--tokens={tokens}", f"--dimension={dimension}", f"--port={port}"]
        self.port = port
        self.process: subprocess.Popen[bytes]
        self.client: httpx2.Client
        self.url = ""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tools.mock", "--lifeline", *self.options]
        self.process = subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the mock ended with {self.process.wait()} before it was ready")
        self.port = json.loads(ready)["port"]
        root = f"http://127.0.0.1:{self.port}"
        self.client = httpx2.Client(base_url=root, trust_env=False, timeout=LIMIT)
        self.url = f"{root}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.process.terminate()
        self.process.communicate()

    @property
    def pid(self) -> int:
        """Process id of the mock."""
        return self.process.pid

    def set(self, model: str, **plan: Any) -> None:
        """Serve `model` by these fields of `Behaviour` from now on; `*`: every model without its own."""
        body = msgspec.json.encode({model: Behaviour(**plan)})
        self.client.post("/control", content=body).raise_for_status()

    def stats(self) -> Stats:
        """Counters and the last requests."""
        return msgspec.json.decode(self.client.get("/control").raise_for_status().content, type=Stats)

    def reset(self) -> None:
        """Forget plans and counters."""
        self.client.delete("/control").raise_for_status()
