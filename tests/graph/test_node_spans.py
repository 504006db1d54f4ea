"""The spans of one question over the mock pool."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from smacs.graph.build import build_graph
from smacs.pool.calls.spans import CAPTURE
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.telemetry import request_id, span, trace_headers, trace_id
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
QUESTION = "How many legs has a spider?"
SMALL = {"k": 3, "k_drop": 1, "n": 2, "seed": 1}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What is collected while this test runs."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


async def ask(pool: Pool, bank: QuestionBank) -> tuple[tuple[str, ...], ...]:
    try:
        with span("question"):
            result = await build_graph(pool, bank, settings=SMALL).compile().ainvoke({"question": QUESTION})
    finally:
        await pool.aclose()
    return tuple(map(tuple, result["subsets"]))


def attributes(finished: ReadableSpan) -> dict[str, object]:
    return dict(finished.attributes or {})


def tree(finished: tuple[ReadableSpan, ...]) -> Counter[tuple[str, str]]:
    """How often each (name of the parent, name) occurs."""
    names = {found.context.span_id: found.name for found in finished if found.context}
    return Counter((names[found.parent.span_id] if found.parent else "", found.name) for found in finished)


async def test_one_question_is_one_tree(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, spans: InMemorySpanExporter
) -> None:
    """K = 3 of llm-0, llm-1, llm-2 answer; each of the 2 subsets that differ is one call of llm-7.

    Nodes: retrieve, prior_score, 3 referencers, prior_drop, an aggregator each, hybrid_score, select. Embeddings: the
    question in `retrieve`, the two candidates in one request in `hybrid_score`.
    """
    different = len(set(await ask(make_pool(), bank)))
    assert tree(spans.get_finished_spans()) == {
        ("", "question"): 1,
        ("question", "retrieve"): 1,
        ("retrieve", "embeddings mock-embedder"): 1,
        ("question", "prior_score"): 1,
        ("question", "referencer"): 3,
        ("referencer", "chat llm-0"): 1,
        ("referencer", "chat llm-1"): 1,
        ("referencer", "chat llm-2"): 1,
        ("question", "prior_drop"): 1,
        ("question", "aggregator"): different,
        ("aggregator", "chat llm-7"): different,
        ("question", "hybrid_score"): 1,
        ("hybrid_score", "embeddings mock-embedder"): 1,
        ("question", "select"): 1,
    }
    assert len({found.context.trace_id for found in spans.get_finished_spans() if found.context}) == 1


async def test_a_call_says_what_the_conventions_ask_for(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, spans: InMemorySpanExporter
) -> None:
    """The mock's usage: a quarter of the prompt's characters, and its 12 tokens."""
    token = request_id.set("from-the-client")
    await ask(make_pool(), bank)
    request_id.reset(token)
    call = next(found for found in spans.get_finished_spans() if found.name == "chat llm-0")
    sent = mock.stats().bodies("llm-0")[0]
    port = int(mock.url.split(":")[2].split("/")[0])
    messages: Any = sent["messages"]
    prompt = sum(len(message["content"]) for message in messages)
    assert call.kind == SpanKind.CLIENT
    assert attributes(call) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "llm-0",
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.presence_penalty": 1.05,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.seed": sent["seed"],
        "gen_ai.usage.input_tokens": prompt // 4,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.response.finish_reasons": ("stop",),
        "server.address": "127.0.0.1",
        "server.port": port,
        "smacs.llm": "llm-0",
        "smacs.n": 1,
        "smacs.attempt": 1,
        "smacs.request.id": "from-the-client",
    }
    node = next(found for found in spans.get_finished_spans() if found.name == "prior_drop")
    assert attributes(node) == {"smacs.k": 3, "smacs.n": 2, "smacs.request.id": "from-the-client"}


async def test_a_failed_call_is_an_error_and_the_question_is_not(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, spans: InMemorySpanExporter
) -> None:
    mock.set("llm-0", fault="503")
    await ask(make_pool(), bank)
    found = {found.name: found for found in spans.get_finished_spans()}
    assert found["chat llm-0"].status.status_code == StatusCode.ERROR
    assert attributes(found["chat llm-0"])["error.type"] == "overloaded"
    assert "chat llm-3" in found  # stands in
    assert found["question"].status.status_code == StatusCode.UNSET
    assert attributes(found["prior_drop"])["smacs.degraded"] == 1


async def test_attempts_are_counted(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, spans: InMemorySpanExporter
) -> None:
    mock.set("llm-0", fault="429", calls=1)
    await ask(make_pool(retries=2), bank)
    counts = {found.name: attributes(found).get("smacs.attempt") for found in spans.get_finished_spans()}
    assert counts["chat llm-0"] == 2
    assert counts["chat llm-1"] == 1


@pytest.mark.parametrize("captured", ["", "true"])
async def test_what_is_said_is_in_spans_only_where_that_is_asked_for(
    captured: str,
    mock: MockServer,
    make_pool: MakePool,
    bank: QuestionBank,
    spans: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CAPTURE, captured)
    mock.set("llm-0", text="Eight legs it has.")
    await ask(make_pool(), bank)
    everything = "".join(found.to_json() for found in spans.get_finished_spans())
    assert (QUESTION in everything, "Eight legs" in everything) == (bool(captured), bool(captured))
    if captured:
        call = next(found for found in spans.get_finished_spans() if found.name == "chat llm-0")
        said = json.loads(str(attributes(call)["gen_ai.output.messages"]))
        text = {"type": "text", "content": "Eight legs it has."}
        assert said == [{"role": "assistant", "parts": [text], "finish_reason": "stop"}]


def test_without_a_provider_nothing_is_made() -> None:
    with span("x", **{"a.b": 1}) as nothing:
        assert not nothing.recorded
    assert (trace_headers(), trace_id()) == ({}, "")


def test_an_exception_is_told_by_its_type_alone(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), span("x"):
        raise ValueError("secret")
    (found,) = spans.get_finished_spans()
    assert (attributes(found), found.events) == ({"error.type": "ValueError"}, ())
    assert found.status.description is None
