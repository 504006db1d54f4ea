"""The log of the server: lines of JSON that tell of every request, and of nobody's question or key."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from smacs.errors import InputError
from smacs.server.guard.exchange import RequestId
from smacs.server.guard.queue import Queue
from smacs.server.logs import SPANS, AccessLog, JsonLines, configure
from smacs.server.metrics import Figures
from smacs.telemetry import request_id
from tests.server.asgi import Call
from tests.server.conftest import Served
from tools.mock.process import MockServer

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
KEY = "sk-smacs-abcdefghijklmnop"


class Lines:
    """What was logged, as JSON."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self, logger: str = "smacs.access") -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in found if line["logger"] == logger]


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept, log = Lines(), logging.getLogger("smacs")
    handler = logging.StreamHandler(kept.stream)
    handler.setFormatter(JsonLines())
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield kept
    log.removeHandler(handler)
    log.setLevel(level)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


def formatted(record: logging.LogRecord, *, texts: bool = False) -> dict[str, Any]:
    line = JsonLines(texts=texts).format(record)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    about = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("smacs.x", logging.ERROR, "f.py", 1, message, arguments, about)


@given(message=st.text(), argument=st.text())
def test_any_record_is_one_line_of_json(message: str, argument: str) -> None:
    line = formatted(record("%s and %s", message, argument))
    assert (line["level"], line["logger"]) == ("error", "smacs.x")


def test_an_error_is_told_by_type_and_place_and_by_its_text_only_where_that_is_wanted() -> None:
    try:
        raise ValueError("the question was: what is love?")
    except ValueError as error:
        quiet, loud = (formatted(record("failed", error=error), texts=texts) for texts in (False, True))
    assert quiet["error"] == "ValueError"
    assert "love" not in json.dumps(quiet)
    assert quiet["where"][-1].endswith(
        "test_an_error_is_told_by_type_and_place_and_by_its_text_only_where_that_is_wanted"
    )
    assert loud["error_text"] == "the question was: what is love?"


def test_what_looks_like_a_key_is_masked_and_the_request_is_named() -> None:
    token = request_id.set("abc")
    line = formatted(record("sent %s with Authorization: Bearer %s", KEY, "x.y-z"))
    request_id.reset(token)
    assert line["message"] == "sent sk-*** with Authorization: Bearer ***"
    assert line["request_id"] == "abc"


def test_a_level_that_there_is_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_LOG_LEVEL", "loud")
    with pytest.raises(InputError, match=r"SMACS_LOG_LEVEL: expected one of DEBUG, .*, got 'LOUD'"):
        configure()


def small_app() -> FastAPI:
    app = FastAPI(telemetry=SPANS)

    @app.get("/items/{item}")
    async def item(item: str, request: Request) -> str:
        request.state.exchange.model, request.state.exchange.calls = "smacs", 3
        return item

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError(KEY)

    @app.get("/health")
    async def health() -> None: ...

    app.add_middleware(RequestId)
    app.add_middleware(AccessLog, figures=Figures(Queue(running=1, bound=1)))
    return app


async def test_each_request_is_one_line(lines: Lines, spans: InMemorySpanExporter) -> None:
    headers = {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"}
    await Call(small_app(), "/items/7", "GET", headers=headers).run()
    (line,) = lines.all()
    (span,) = spans.get_finished_spans()
    assert (
        line.items()
        >= {
            "level": "info",
            "method": "GET",
            "path": "/items/7",
            "status": 200,
            "model": "smacs",
            "calls": 3,
            "trace_id": CALLER,
        }.items()
    )
    assert span.name == "GET /items/{item}"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"


async def test_a_request_that_breaks_is_a_500_and_its_text_stays_inside(
    lines: Lines, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(ValueError, match=KEY):
        await Call(small_app(), "/broken", "GET").run()
    assert [line["status"] for line in lines.all()] == [500]
    assert KEY not in lines.text + "".join(span.to_json() for span in spans.get_finished_spans())
    assert dict(spans.get_finished_spans()[0].attributes or {})["error.type"] == "ValueError"


async def test_health_is_a_line_for_debugging_and_no_span(lines: Lines, spans: InMemorySpanExporter) -> None:
    await Call(small_app(), "/health", "GET").run()
    assert [line["level"] for line in lines.all()] == ["debug"]
    assert spans.get_finished_spans() == ()


def test_a_question_is_one_line_and_one_trace_under_the_clients_id(
    server: Served, mock: MockServer, lines: Lines, spans: InMemorySpanExporter
) -> None:
    """K = 4 references, at least one aggregation; each LLM's tokens are in the usage of the reply."""
    headers = {"X-Request-ID": "mine-1", "Authorization": f"Bearer {KEY}"}
    body = {"model": "smacs", "messages": [{"role": "user", "content": "How many legs has a spider?"}]}
    reply = server.http.post("/v1/chat/completions", json=body, headers=headers)
    (line,) = lines.all()
    assert reply.headers["x-request-id"] == line["request_id"] == "mine-1"
    assert line["model"] == "smacs"
    assert line["calls"] == mock.stats().total.requests - 2  # the question's embedding and the candidates'
    assert line["tokens"] == reply.json()["usage"]["total_tokens"]
    assert "spider" not in lines.text
    assert KEY not in lines.text
    found = spans.get_finished_spans()
    assert len({span.context.trace_id for span in found if span.context}) == 1
    assert [span.name for span in found if span.parent is None] == ["POST /v1/chat/completions"]
    assert [dict(span.attributes or {})["smacs.request.id"] for span in found] == ["mine-1"] * len(found)
