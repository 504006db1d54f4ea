"""Malformed requests: whatever a client sends is no failure of ours, and nothing of the inside comes out."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smacs.server.keyfile import Limits, create_key
from smacs.server.logs import JsonLines
from smacs.store.bank import QuestionBank
from tests.server.conftest import pool_at
from tests.server.wild import WRONG_KEY, Drawn, Wild, addresses, bodies, encoded, headers, raw
from tools.mock.process import MockServer

if TYPE_CHECKING:
    from fastapi import FastAPI

INSIDE = ("Traceback", 'File "', "site-packages", WRONG_KEY)
SLOWLY = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
SHARES = {bodies: 4500, raw: 1500, headers: 1500, addresses: 1000}  # schemathesis, which is slow, has the rest


class Target:
    """The server in this process, with keys; every reply that it gives is looked at, and all that it logs."""

    def __init__(self, app: "FastAPI", key: str) -> None:
        self.app = app
        self.key = key
        self.sent = 0
        self.log = io.StringIO()
        self._runner = asyncio.Runner()

    def send(self, drawn: Drawn, *, keyed: bool) -> int:
        """The status of the reply."""
        fields = [(b"authorization", f"Bearer {self.key}".encode())] * keyed + list(drawn.fields)
        call = Wild(self.app, drawn.path, drawn.method, chunks=drawn.chunks, fields=fields, query=drawn.query)
        self._runner.run(call.run())
        self.sent += 1
        look_at(call)
        assert self.key.encode() not in call.body
        return call.status

    def send_all(self, strategy: st.SearchStrategy[Drawn], count: int) -> None:
        """So many of them, most with a valid key."""

        @settings(max_examples=count, database=None, suppress_health_check=SLOWLY)
        @given(strategy, st.integers(0, 7))
        def each(drawn: Drawn, chance: int) -> None:
            self.send(drawn, keyed=chance > 0)

        end = self.sent + count
        while self.sent < end:  # a run ends early where the strategy has nothing new
            each()

    def look_at_log(self) -> None:
        """Nobody's key, and no error of our own."""
        said = self.log.getvalue()
        assert "/v1/chat/completions" in said
        assert self.key not in said
        assert WRONG_KEY not in said
        lines = [json.loads(line) for line in said.splitlines()]
        ours = [line for line in lines if line["logger"].startswith("smacs")]  # others tell of other tests' garbage
        assert [line for line in ours if line["level"] in ("error", "critical")] == []

    def close(self) -> None:
        """Close its connections."""
        self._runner.run(self.app.state.engine.aclose())
        self._runner.close()


def look_at(call: Wild) -> None:
    """Fail unless the reply is one that a client can make sense of."""
    assert 200 <= call.status < 500, (call.status, call.body[:400])
    text = call.body.decode()
    if call.status >= 400 and call.method != "HEAD":
        assert set(json.loads(text)["error"]) == {"message", "type", "param", "code"}
        own = b"".join([*call.chunks, call.path.encode()]).decode(errors="replace")
        assert not any(word in text and word not in own for word in INSIDE)


@pytest.fixture
def target(mock: MockServer, bank: QuestionBank, tmp_path: Path) -> Iterator[Target]:
    from smacs.server.app import create_app
    from smacs.server.settings import ServerSettings

    key = create_key(tmp_path / "keys.json", "alice", Limits())
    given_settings = ServerSettings(keys_file=tmp_path / "keys.json", max_n=2, upload=5.0)
    made = Target(create_app(pool_at(mock.url), bank, given_settings), key)
    with logged_to(made.log):
        yield made
    made.close()


@contextmanager
def logged_to(stream: io.StringIO) -> Iterator[None]:
    """All that is logged, as the server writes it."""
    handler, root, own = logging.StreamHandler(stream), logging.getLogger(), logging.getLogger("smacs")
    handler.setFormatter(JsonLines(texts=True))
    before = root.handlers, root.level, own.level
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    own.setLevel(logging.DEBUG)
    yield
    root.handlers = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])


def test_a_few_malformed_requests(target: Target) -> None:
    for strategy in SHARES:
        target.send_all(strategy(), 10)
    target.look_at_log()


@pytest.mark.parametrize(
    "settings_",
    [
        {"seed": 10**30},
        {"seed": 2**64},
        {"max_tokens": 10**30},
        {"n_base": 10**30, "quorum": 10**30},
        {"deadline": 1e308},
        {"lam": 1e308},
        {"temperature": 1e-320, "presence_penalty": -0.0},
    ],
)
def test_numbers_beyond_all_bounds_are_no_failure(target: Target, settings_: dict[str, Any]) -> None:
    ask = {"model": "smacs", "messages": [{"role": "user", "content": "Q?"}], "smacs": {"settings": settings_}}
    target.send(Drawn((encoded(ask),)), keyed=True)


@pytest.mark.parametrize(
    "total", [pytest.param(500, marks=pytest.mark.slow), pytest.param(10_000, marks=pytest.mark.soak)]
)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # what schemathesis does to strategies
def test_malformed_requests(target: Target, total: int) -> None:
    """Hypothesis on bodies, headers and addresses, and schemathesis on what the server says that it takes."""
    for strategy, count in SHARES.items():
        target.send_all(strategy(), count * total // 10_000)
    target.send_all(against_the_schema(target.app), total - target.sent)
    target.look_at_log()
    assert target.sent == total


def against_the_schema(app: "FastAPI") -> st.SearchStrategy[Drawn]:
    """Questions that break the OpenAPI page, which is the only thing that it says anything about."""
    import schemathesis
    from schemathesis.generation import GenerationMode

    questions = schemathesis.openapi.from_dict(app.openapi())["/v1/chat/completions"]["POST"]
    return questions.as_strategy(generation_mode=GenerationMode.NEGATIVE).map(drawn_of)


def drawn_of(case: Any) -> Drawn:
    """A case of schemathesis as the bytes that would be sent."""
    sent = case.as_transport_kwargs(base_url="http://server")
    body = encoded(sent["json"]) if "json" in sent else sent.get("data", b"")
    return Drawn((body,), tuple((name.lower().encode(), value.encode()) for name, value in sent["headers"].items()))
