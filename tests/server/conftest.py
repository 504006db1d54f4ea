"""A real server over four mock LLMs and the test bank, in a thread of this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

if TYPE_CHECKING:
    from fastapi import FastAPI

LIMIT = 60.0
LLMS = ["llm-0", "llm-1", "llm-2", "llm-3"]
QUESTION = {"role": "user", "content": "How many legs has a spider?"}


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    app: "FastAPI"
    http: httpx2.Client

    def ask(self, **fields: Any) -> httpx2.Response:
        """A chat completion; the question is about spiders and asked of smacs unless the fields say otherwise."""
        return self.http.post("/v1/chat/completions", json={"model": "smacs", "messages": [QUESTION], **fields})


def pool_at(url: str) -> Pool:
    """Four LLMs; the last one aggregates, three candidates a question."""
    return Pool.from_dict(
        {
            "aggregators": ["llm-3"],
            "llms": {name: {"endpoint": url, "retries": 0} for name in LLMS},
            "embedder": {"kind": "openai", "model": "mock-embedder", "endpoint": url},
            "settings": {"max_tokens": 64, "n": 3},
        },
        source="test pool",
    )


def pool_file(url: str, folder: Path) -> Path:
    """The same pool as a file, for a server in a process of its own."""
    llms = "\n".join(f'[llms.{name}]\nendpoint = "{url}"\nretries = 0' for name in LLMS)
    table = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{url}"'
    path = folder / "pool.toml"
    path.write_text(f'aggregators = ["llm-3"]\n[settings]\nn = 3\nmax_tokens = 64\n{llms}\n{table}\n')
    return path


@contextmanager
def serving(app: "FastAPI") -> Iterator[Served]:
    """The application behind uvicorn as `smacs serve` starts it, in a thread of this process."""
    from smacs.server.listen import make_server

    server = make_server(app, app.state.settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.01)
        with httpx2.Client(base_url=url, trust_env=False, timeout=LIMIT) as http:
            yield Served(url, app, http)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def running(mock_process: MockServer, bank: QuestionBank) -> Iterator[Served]:
    from smacs.server.app import create_app
    from smacs.server.settings import ServerSettings

    with serving(create_app(pool_at(mock_process.url), bank, ServerSettings(max_n=4))) as served:
        yield served


@pytest.fixture
def server(running: Served, mock: MockServer) -> Served:
    """The server; its LLMs say `Eight legs.` at the start of each test."""
    for name in LLMS:
        mock.set(name, text="Eight legs.")
    return running
